"""Training processes that are killed at random moments; what their calls had logged is held against what is there.

    python -m tests.tracking.kill_storm --times 200 --seed 1

A killed process gets SIGKILL at a moment between its start and a second after its first call. Every point of a call
that had returned must be there once, and no point that no call logged. In the end the repository is checked.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import aidb
from tests.faults.command import clean_environment, scratch_folder
from tests.tracking.story import Tally, found, told

_START = 60.0
"""Seconds that a process has to log for the first time, on a machine that does other things too."""
_LATE = 0.8
"""The share of kills that come after the first call; the others come while the run starts."""


class Result(NamedTuple):
    """How a storm went: kills, calls that had returned, their points, how many of those were read, what was wrong."""

    kills: int
    calls: int
    logged: int
    read: int
    problems: list[str]

    def __str__(self) -> str:
        lines = [
            f"{self.kills} kills, {self.calls:,} calls had returned",
            f"{self.logged:,} points were logged by them, {self.read:,} of those were read",
        ]
        return "\n".join([*lines, *self.problems, f"{len(self.problems)} problems"])


def storm(folder: Path, times: int, seed: int) -> Result:
    """Kill `times` processes that log to one new repository in `folder`, one after the other."""
    root, home = folder / "repo", folder / "home"
    home.mkdir()
    aidb.init(root).close()
    chance = random.Random(seed)
    calls = logged = read = 0
    problems: list[str] = []
    for number in range(times):
        before = set(_journals(root))
        returned = _kill_one(root, home, folder / "tally", number, chance)
        expected, there = told(number, returned), found(set(_journals(root)) - before)
        calls, logged, read = calls + returned, logged + expected.total(), read + (expected & there).total()
        if missing := expected - there:
            problems.append(f"kill {number}: {missing.total():,} points are missing, as {min(missing)}")
        if extra := there - told(number, returned + 1):
            problems.append(f"kill {number}: {extra.total():,} points were never logged, as {min(extra)}")
    with aidb.open(root) as repo:
        if not (report := repo.fsck()).ok:
            problems.append(f"fsck: {report}")
    return Result(times, calls, logged, read, problems)


def _kill_one(root: Path, home: Path, tally: Path, seed: int, chance: random.Random) -> int:
    """Start a process and kill it; how many of its calls had returned."""
    tally.unlink(missing_ok=True)
    counted = Tally(tally)
    command = [sys.executable, "-m", "tests.tracking.logger", str(root), str(tally), str(seed)]
    with subprocess.Popen(
        command, cwd=root, env=clean_environment(home), stderr=subprocess.DEVNULL
    ) as process:
        if chance.random() < _LATE:
            _wait_for_first_call(counted, process)
        time.sleep(chance.random() ** 2)
        process.kill()
    returned = counted.get()
    counted.close()
    return returned


def _wait_for_first_call(tally: Tally, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START
    while not tally.get():
        assert process.poll() is None, "the process ended by itself"
        assert time.monotonic() < end, "nothing was logged"
        time.sleep(0.001)


def _journals(root: Path) -> list[Path]:
    return sorted((root / ".aidb/runs").glob("*/*.journal"))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    folder = scratch_folder()
    try:
        result = storm(folder, given.times, given.seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(result)
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
