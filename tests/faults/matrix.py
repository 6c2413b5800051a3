"""The crash matrix as a program: every stop point of every command, and a table of how many were survived.

    python -m tests.faults.matrix [--faults kill,power,full,broken,unreadable] [--stride N] [command ...]

The test suite runs a part of it that fits its time; AIDB_FAULTS=all makes the suite run all of it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.faults.cases import CASES, Case
from tests.faults.command import Zygote, scratch_folder
from tests.faults.shim import Fault, Step, why_not
from tests.faults.stage import Stage, broken_disk_points, full_disk_points, kill_points, unreadable_points


class Family(NamedTuple):
    """One kind of fault: where it can strike a command, and what must hold then."""

    points: Callable[[Stage], list[Fault]]
    survive: Callable[[Stage, Fault], None]


def power_cuts(steps: list[Step]) -> list[Fault]:
    """Before every step, and after the last one."""
    return [Fault("kill", number) for number in range(1, len(steps) + 2)]


def _survive_power_cuts(stage: Stage, fault: Fault) -> None:
    stage.survive_power_cut(fault, "data")
    stage.survive_power_cut(fault, "names")


FAMILIES = {
    "kill": Family(lambda stage: kill_points(stage.steps), Stage.survive_kill),
    "power": Family(lambda stage: power_cuts(stage.steps), _survive_power_cuts),
    "full": Family(lambda stage: full_disk_points(stage.steps), Stage.survive_error),
    "broken": Family(lambda stage: broken_disk_points(stage.steps), Stage.survive_error),
    "unreadable": Family(lambda stage: unreadable_points(stage.reads), Stage.survive_error),
}


class Row(NamedTuple):
    """The result of one command under one family."""

    points: int
    failures: list[str]


def run_case(case: Case, strides: Mapping[str, int], zygote: Zygote, folder: Path) -> dict[str, Row]:
    """Every n-th point of each family, n given by family; one row by family."""
    folder.mkdir()
    stage = Stage(case, zygote, folder)
    try:
        return {name: _run_family(stage, FAMILIES[name], stride) for name, stride in strides.items()}
    finally:
        stage.close()


def _run_family(stage: Stage, family: Family, stride: int) -> Row:
    points = family.points(stage)[::stride]
    failures = []
    for fault in points:
        try:
            family.survive(stage, fault)
        except (AssertionError, Exception) as error:  # noqa: BLE001 -- one broken point must not hide the others
            failures.append(f"{stage.name_of(fault)}\n    {type(error).__name__}: {error}")
    return Row(len(points), failures)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commands", nargs="*", help="names as in the table; all by default")
    parser.add_argument("--faults", default=",".join(FAMILIES), help="families, separated by commas")
    parser.add_argument("--stride", type=int, default=1, help="take every N-th point")
    options = parser.parse_args()
    if reason := why_not():
        print(f"skipped: {reason}")
        return 0
    families = options.faults.split(",")
    chosen = [case for case in CASES if not options.commands or case.name in options.commands]
    folder = scratch_folder()
    try:
        with Zygote(folder) as zygote:
            return _print_table(chosen, families, zygote, folder, options.stride)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _print_table(cases: list[Case], families: list[str], zygote: Zygote, folder: Path, stride: int) -> int:
    print("| command | " + " | ".join(f"{name}: points | survived" for name in families) + " | seconds |")
    print("|---|" + "---|---|" * len(families) + "---|", flush=True)
    failures: list[str] = []
    for number, case in enumerate(cases):
        started = time.monotonic()
        rows = run_case(case, dict.fromkeys(families, stride), zygote, folder / str(number))
        cells = [f"{row.points} | {row.points - len(row.failures)}" for row in rows.values()]
        print(f"| {case.name} | {' | '.join(cells)} | {time.monotonic() - started:.1f} |", flush=True)
        failures += [failure for row in rows.values() for failure in row.failures]
    print("\n".join(["", f"{len(failures)} points not survived", *failures]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
