"""Every command, stopped or refused at its file system steps, then looked at, then run again.

Without AIDB_FAULTS=all, a sample that fits the time of the suite. `python -m tests.faults.matrix` prints a table.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.cases import CASES, Case
from tests.faults.command import Zygote
from tests.faults.conftest import EVERYTHING
from tests.faults.matrix import FAMILIES, run_case
from tests.faults.shim import Fault
from tests.faults.stage import Stage

STRIDE = {"kill": 6, "full": 17, "broken": 29, "unreadable": 43, "power": 17}
"""Every n-th point of each family, when not all are asked for."""


@pytest.mark.slow
@pytest.mark.timeout(0 if EVERYTHING else 300)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_survives(case: Case, zygote: Zygote, fault_folder: Path) -> None:
    strides = dict.fromkeys(FAMILIES, 1) if EVERYTHING else STRIDE
    rows = run_case(case, strides, zygote, fault_folder / f"matrix-{CASES.index(case)}")
    failures = [failure for row in rows.values() for failure in row.failures]
    assert not failures, "\n".join(failures)


def test_work_in_a_folder_that_cannot_be_read_is_not_passed_over(zygote: Zygote, fault_folder: Path) -> None:
    """`stash` once said that all was put aside, and had not seen what is in such a folder."""
    (case,) = (case for case in CASES if case.name == "stash")
    folder = fault_folder / "unreadable"
    folder.mkdir()
    stage = Stage(case, zygote, folder)
    try:
        opened = [read for read in stage.reads if read.call == "open" and read.path in _folders(stage)]
        assert {Path(read.path).name for read in opened} >= {"data", "notes"}
        for read in opened:
            stage.survive_error(Fault("unreadable-once", read.number))
    finally:
        stage.close()


def _folders(stage: Stage) -> set[str]:
    """The folders of the workspace, as the shim names them."""
    return {str(stage.root / folder) for folder in stage.before.folders}
