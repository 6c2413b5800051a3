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
