"""Keeping what was measured, and what becomes of a tool that fails."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import CommandFailedError, Figure, middle, settle
from benchmarks.results import Results
from benchmarks.units import SECONDS, Unit


class WrongBytesError(Exception):
    """A tool gave back other bytes than it was given."""


class Recording:
    """The results of one run as they come in, told to the person who waits."""

    def __init__(self, work: Path, *, quick: bool) -> None:
        self.work = work
        self._seen: dict[tuple[str, str], list[Figure]] = {}
        self.results = Results(machine=describe_machine(), quick=quick)

    def say(self, text: str) -> None:
        """Tell the person who waits."""
        print(text, file=sys.stderr, flush=True)

    @contextmanager
    def guard(self, row: str, tool: str) -> Iterator[None]:
        """A tool that fails loses this row, and the run goes on."""
        try:
            yield
        except (CommandFailedError, WrongBytesError, OSError) as error:
            self.results.fail(row, tool, str(error))
            self.say(f"  {tool:8} failed: {error}")

    def failed(self, row: str, tool: str) -> bool:
        """Whether `tool` has lost `row`: a later step would only fail for the same reason."""
        return tool in self.results.failures.get(row, {})

    def record(self, row: str, tool: str, figure: Figure, unit: Unit = SECONDS) -> None:
        """Keep a figure and tell it; of several rounds, the median."""
        figures = self._seen.setdefault((row, tool), [])
        figures.append(figure)
        self.results.record(row, tool, middle(figures) if len(figures) > 1 else figure)
        self.say(f"  {tool:8} {unit.show(figure.value)}")

    def set_aside(self, path: Path) -> None:
        """Take `path` out of the way at once; it is deleted when nothing is timed."""
        aside = self.work / "aside"
        aside.mkdir(exist_ok=True)
        os.rename(path, aside / f"{time.monotonic_ns()}")

    def clear(self) -> None:
        """Delete what was set aside and every tool's repository."""
        for folder in (self.work / "aside", self.work / "run"):
            shutil.rmtree(folder, ignore_errors=True)
        settle()


def describe_machine() -> str:
    """The machine in one line: processors, memory, system, file system of the work folder left to the reader."""
    system = os.uname()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {system.sysname} {system.release}, {system.machine}"
