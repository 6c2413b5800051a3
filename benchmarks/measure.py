"""Run one command and say how long it took and how much memory it needed.

Peak memory is `ru_maxrss` from `wait4`: the largest single process among the command and the children it waited
for. A tool that works in several processes at once (git with a git-lfs filter) is therefore counted low, and
nothing can be seen below about 20 MB, which is what this process itself needs.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
_TAIL = 1500


@dataclass(frozen=True, slots=True)
class Command:
    """What a person would type: `argv`, in the folder `cwd`."""

    argv: tuple[str, ...]
    cwd: Path


@dataclass(frozen=True, slots=True)
class Figure:
    """What one step took.

    `growth` and `files` tell what it added to the store and `distinct` how many bytes of its data were new, where a
    row asks for that; `other` is what a row measures that is not about time.
    """

    seconds: float
    peak: int
    growth: int | None = None
    files: int | None = None
    distinct: int | None = None
    runs: int = 1
    other: float | None = None

    @property
    def value(self) -> float:
        """What the row measures, in its unit."""
        return self.seconds if self.other is None else self.other


@dataclass(frozen=True, slots=True)
class Size:
    """How large a store is: bytes as its files say, and how many files."""

    bytes: int
    files: int


class CommandFailedError(Exception):
    """A command of some tool ended with another exit code than 0; the message ends with what it printed."""


def run(commands: Iterable[Command], environment: Mapping[str, str], log: Path) -> Figure:
    """Run `commands` one after the other; their times add up, their peaks do not. Output goes to `log`."""
    seconds, peak = 0.0, 0
    for command in commands:
        took, needed = _run_one(command, environment, log)
        seconds += took
        peak = max(peak, needed)
    return Figure(seconds, peak)


def _run_one(command: Command, environment: Mapping[str, str], log: Path) -> tuple[float, int]:
    with log.open("ab") as output:
        output.write(f"\n$ {' '.join(command.argv)}\n".encode())
        output.flush()
        began = time.perf_counter()
        process = subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        shown = " ".join(command.argv)[:200]
        raise CommandFailedError(f"`{shown}` ended with {process.returncode}:\n{_tail(log)}")
    return took, usage.ru_maxrss * _RSS_UNIT


def _tail(log: Path) -> str:
    return log.read_bytes()[-_TAIL:].decode(errors="replace").strip()


def settle() -> None:
    """Write everything back to disk, so that no step pays for what was written before it."""
    os.sync()


def warm(folders: Iterable[Path]) -> None:
    """Read everything below `folders`, so that it is in the page cache, however long ago it was written."""
    for folder in folders:
        for here, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(here, name)
                if not os.path.islink(path):
                    with open(path, "rb", buffering=0) as file:
                        while file.read(1 << 20):
                            pass


def middle(figures: list[Figure]) -> Figure:
    """The median of several runs of one step, and the largest peak any of them had."""
    other = [figure.other for figure in figures if figure.other is not None]
    return replace(
        figures[-1],
        seconds=statistics.median(figure.seconds for figure in figures),
        other=statistics.median(other) if other else None,
        peak=max(figure.peak for figure in figures),
        runs=sum(figure.runs for figure in figures),
    )


def size_of(folders: Iterable[Path]) -> Size:
    """The size of everything below `folders`."""
    total, files = 0, 0
    for folder in folders:
        for here, _, names in os.walk(folder):
            for name in names:
                total += os.lstat(os.path.join(here, name)).st_size
                files += 1
    return Size(total, files)
