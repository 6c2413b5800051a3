"""A disk that fills up while a run logs: training goes on, it is said once, and what fits is kept.

The fault shim refuses writes below the folder of the runs, so everything else of the repository has space.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import aidb
from tests.faults.command import PROJECT, clean_environment
from tests.faults.shim import Fault, Step, environment, read_log, why_not
from tests.tracking.story import Tally, found, told

CALLS = 3000
SEED = 5

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


class Training(NamedTuple):
    """How a process that logs came out of it."""

    code: int
    returned: int
    complaints: str
    journals: list[Path]
    steps: list[Step]

    @property
    def warnings(self) -> int:
        return self.complaints.count("cannot be written")


Train = Callable[[Fault], Training]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Runs the story to its end under a fault."""
    root, home = tmp_path / "repo", tmp_path / "home"
    home.mkdir()

    def run(fault: Fault) -> Training:
        if not root.exists():
            aidb.init(root).close()
        before = set(_journals(root))
        tally, log = tmp_path / "tally", tmp_path / "shim.log"
        for path in (tally, log):
            path.unlink(missing_ok=True)
        counted = Tally(tally)
        done = subprocess.run(
            [sys.executable, "-m", "tests.tracking.logger", str(root), str(tally), str(SEED), str(CALLS)],
            cwd=PROJECT,
            env=clean_environment(home) | environment(root / ".aidb/runs", fault, log),
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Training(
            done.returncode, counted.get(), done.stderr, sorted(set(_journals(root)) - before), read_log(log)
        )

    return run


def test_undisturbed(train: Train) -> None:
    done = train(Fault("count"))
    assert (done.code, done.returned, done.warnings) == (0, CALLS, 0)
    assert found(done.journals) == told(SEED, CALLS)


@pytest.mark.parametrize("after", [0.2, 0.9])
def test_full_to_the_end(train: Train, after: float) -> None:
    step = _step_after(train(Fault("count")).steps, after)
    done = train(Fault("full", step))
    assert (done.code, done.returned) == (0, CALLS), done.complaints
    assert done.warnings == 1, done.complaints
    assert "Traceback" not in done.complaints
    there = found(done.journals)
    assert not there - told(SEED, CALLS)
    whole = max(point.step for point in there) + 1
    assert there == told(SEED, whole), "what was kept is the beginning, without a gap"
    assert whole > CALLS * after * 0.8


def test_full_for_a_moment(train: Train) -> None:
    """Half a frame is written and refused; when there is space again, that frame and all after it are there."""
    step = _step_after(train(Fault("count")).steps, 0.5)
    done = train(Fault("full-once", step))
    assert (done.code, done.returned, done.warnings) == (0, CALLS, 1), done.complaints
    assert found(done.journals) == told(SEED, CALLS)


def _step_after(steps: list[Step], share: float) -> int:
    """The write to a journal before which `share` of them lie."""
    writes = [step for step in steps if step.call == "write" and step.path.endswith(".journal")]
    return writes[int(len(writes) * share)].number


def _journals(root: Path) -> list[Path]:
    return sorted((root / ".aidb/runs").glob("*/*.journal"))
