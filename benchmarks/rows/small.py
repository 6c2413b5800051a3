"""100,000 small files: add, status, change, switch, materialise.

Each step is taken by one tool after the other before the next step begins, so that figures which are compared were
measured within minutes of each other.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Command, warm
from benchmarks.peers.base import SMALL, Tool
from benchmarks.rows.base import Row, Workload
from benchmarks.targets import faster, within

_CHANGES = 3

ROWS = (
    Row(
        "small-add",
        "100,000 files: add + commit, cold",
        faster("restic", 3),
        faster("git", 5),
        faster("DVC", 8),
        within("Python", 2, must=False),
    ),
    Row(
        "small-status",
        "100,000 files: status, nothing changed",
        within("git", 2),
        within("git", 1.3, must=False),
    ),
    Row(
        "small-change",
        "100,000 files: status + add + commit, 100 changed",
        within("git", 1),
        faster("DVC", 8),
    ),
    Row(
        "small-switch",
        "100,000 files: switch between two versions, 100 differ",
        within("git", 1),
        within("git", 0.5, must=False),
    ),
    Row(
        "small-restore",
        "100,000 files: materialise all into an empty folder, verified",
        faster("git", 1.2),
        faster("restic", 1.2),
        faster("DVC", 4),
        within("Python", 1.3, must=False),
    ),
)


class _Subject:
    """One tool, and how far it has come."""

    def __init__(self, bench: Bench, tool: Tool, sums: Path) -> None:
        self.bench, self.tool = bench, tool
        self._sums = [sums]
        self._now = 1

    @property
    def sums(self) -> Path:
        """What `data` must hold now."""
        return self._sums[self._now - 1]

    def save(self) -> Sequence[Command]:
        return self.tool.save(f"v{self._now}")

    def change(self) -> Sequence[Command]:
        """Change one file of each folder, and answer with what brings that in."""
        self.bench.run(self.tool, self.tool.mark(f"v{self._now}"))
        before = self._sums[-1]
        self._now += 1
        after = before.with_name(f"v{self._now}.sums")
        self.bench.module(
            "benchmarks.workloads.small_files",
            "change",
            *map(str, (self.tool.data, before, after)),
            f"--seed={self._now}",
        )
        self._sums.append(after)
        return [*self.tool.status(), *self.save()]

    def switch(self) -> Sequence[Command]:
        """Between the last version and the one before it, to and fro."""
        last = len(self._sums)
        self._now = last - 1 if self._now == last else last
        return self.tool.switch(f"v{self._now}")

    def restore(self) -> Sequence[Command]:
        self.bench.set_aside(self.tool.data)
        return self.tool.restore(f"v{self._now}")


def measure(bench: Bench) -> None:
    """Take every tool through all rows, row by row."""
    files, sums = small_files(bench)
    subjects = [_Subject(bench, tool, sums) for tool in bench.enter(SMALL)]
    for subject in subjects:
        subprocess.run(["cp", "-a", str(files), str(subject.tool.data)], check=True)
    for line in ROWS:
        bench.say(f"{line.id}:")
        for subject in subjects:
            with bench.guard(line.id, subject.tool.name):
                _take(line.id, subject)
        subjects = [subject for subject in subjects if not bench.failed(line.id, subject.tool.name)]


def _take(row_id: str, subject: _Subject) -> None:
    bench, tool = subject.bench, subject.tool
    if row_id in ("small-add", "small-restore"):
        warm([tool.data, *tool.stores()])
    match row_id:
        case "small-add":
            bench.time(row_id, tool, subject.save, store=True)
        case "small-status":
            bench.time(row_id, tool, tool.status, most=5)
        case "small-change" if tool.switch("v1"):
            bench.time(row_id, tool, subject.change, store=True, most=_CHANGES)
            bench.run(tool, tool.mark(f"v{len(subject._sums)}"))
        case "small-switch" if tool.switch("v1"):
            bench.time(row_id, tool, subject.switch, most=5)
            bench.verify(tool, subject.sums)
        case "small-restore":
            bench.time(row_id, tool, subject.restore)
            bench.verify(tool, subject.sums)


def small_files(bench: Bench) -> tuple[Path, Path]:
    """The files, made once and kept for later runs."""
    home = bench.work / "data" / f"small-{bench.scale.small_files}"
    files, sums = home / "data", home / "v1.sums"
    if not sums.exists():
        bench.say(f"making {bench.scale.small_files:,} small files ...")
        bench.module(
            "benchmarks.workloads.small_files",
            "make",
            str(files),
            str(sums),
            f"--files={bench.scale.small_files}",
        )
    return files, sums


WORKLOAD = Workload(SMALL, ROWS, measure)
