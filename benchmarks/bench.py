"""One run: which tools take part, how a step is timed, and what becomes of a tool that fails."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.measure import Command, CommandFailedError, Figure, Size, middle, run, settle, size_of
from benchmarks.peers import TOOLS, Programs, Tool
from benchmarks.peers.base import installed_version
from benchmarks.results import Results
from benchmarks.units import show_seconds

_BUDGET = 6.0  # seconds after which a quick step is not repeated any more


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the workloads are."""

    small_files: int
    large_bytes: int
    checkpoints: int
    tensors: int
    entries: int
    commits: int
    base_files: int
    starts: int
    rows: int = 10_000_000
    garbage_bytes: int = 10_000_000_000
    settles: bool = True  # whether each step waits until what was written before it is on the disk

    @property
    def disk(self) -> int:
        """About how many bytes of disk a run needs at once: every tool's small files, or one tool's large ones."""
        small = self.small_files * 5700 * 4 * len(TOOLS)
        large = self.large_bytes * 6
        return max(small, large, 2 * self.garbage_bytes, self.checkpoints * self.tensors * (4 << 20) * 4) + (
            2 << 30
        )


FULL = Scale(100_000, 4 << 30, 10, 100, 1_000_000, 1000, 1000, 20)
QUICK = Scale(5_000, 256 << 20, 4, 20, 100_000, 100, 1000, 5, 200_000, 256 << 20)


class WrongBytesError(Exception):
    """A tool gave back other bytes than it was given."""


class Bench:
    """Everything a workload needs to measure every tool."""

    def __init__(self, work: Path, scale: Scale, programs: Programs, tools: Sequence[type[Tool]]) -> None:
        self.work, self.scale = work, scale
        self._seen: dict[tuple[str, str], list[Figure]] = {}
        self.results = Results(machine=describe_machine(), quick=scale is not FULL)
        self.programs = programs
        self.tools = [tool for tool in tools if self._is_there(tool)]

    def _is_there(self, tool: type[Tool]) -> bool:
        version = installed_version(tool, self.programs)
        if version is None:
            self.say(f"{tool.name} is not installed and is left out (make bench-peers installs the peers)")
            return False
        self.results.versions[tool.name] = version
        self.results.notes[tool.name] = tool.note
        return True

    def say(self, text: str) -> None:
        """Tell the person who waits."""
        print(text, file=sys.stderr, flush=True)

    def enter(self, workload: str) -> list[Tool]:
        """A fresh, empty repository of every tool that takes part in `workload`."""
        entered = [
            tool(self.work / "run" / workload / tool.name, self.programs) for tool in self.tools_for(workload)
        ]
        return [tool for tool in entered if self._create(tool, f"{workload}: create")]

    def tools_for(self, workload: str) -> list[type[Tool]]:
        """The tools that take part in `workload`."""
        return [tool for tool in self.tools if workload in tool.workloads]

    def _create(self, tool: Tool, row: str) -> bool:
        with self.guard(row, tool):
            tool.prepare()
            self.run(tool, tool.create())
        return not self.failed(row, tool)

    @contextmanager
    def guard(self, row: str, tool: Tool) -> Iterator[None]:
        """A tool that fails loses this row, and the run goes on."""
        try:
            yield
        except (CommandFailedError, WrongBytesError, OSError) as error:
            self.results.fail(row, tool.name, str(error))
            self.say(f"  {tool.name:8} failed: {error}")

    def failed(self, row: str, tool: Tool) -> bool:
        """Whether `tool` has lost `row`: a later step would only fail for the same reason."""
        return tool.name in self.results.failures.get(row, {})

    def run(self, tool: Tool, commands: Sequence[Command]) -> Figure:
        """Run commands of `tool`, after what was written before them has reached the disk."""
        if self.scale.settles:
            settle()
        return run(commands, tool.environment(), tool.place / "log.txt")

    def run_reporting(self, tool: Tool, command: Command) -> Figure:
        """Run a program that times itself, and prints `seconds <number>`; its peak is of all it did.

        One that holds the data itself prints `held <bytes>`, too: those are not counted.
        """
        figure = self.run(tool, [command])
        log = (tool.place / "log.txt").read_text().rpartition("\n$ ")[2]
        told = dict(re.findall(r"^(seconds|held) ([\d.e-]+)$", log, re.MULTILINE))
        if "seconds" not in told:
            raise CommandFailedError(f"`{' '.join(command.argv)}` did not say how long it took")
        return replace(figure, seconds=float(told["seconds"]), peak=figure.peak - int(told.get("held", 0)))

    def time(
        self,
        row: str,
        tool: Tool,
        step: Callable[[], Sequence[Command]],
        *,
        store: bool = False,
        most: int = 1,
    ) -> None:
        """Time `step`, up to `most` times while that is quick, and record the median; `store` asks for its growth."""
        before = size_of(tool.stores()) if store else None
        figures: list[Figure] = []
        began = time.perf_counter()
        while len(figures) < most and (not figures or time.perf_counter() - began < _BUDGET):
            commands = step()
            if not commands:
                return
            figures.append(self.run(tool, commands))
        if before is None:
            self.record(row, tool.name, middle(figures))
        else:
            self.record_growth(row, tool, middle(figures), before)

    def record_growth(self, row: str, tool: Tool, figure: Figure, before: Size) -> None:
        """Keep a figure, with how the store grew since it was `before`."""
        after = size_of(tool.stores())
        growth = (after.bytes - before.bytes) // figure.runs
        files = (after.files - before.files) // figure.runs
        self.record(row, tool.name, replace(figure, growth=growth, files=files))

    def record(self, row: str, tool: str, figure: Figure) -> None:
        """Keep a figure and tell it; of several rounds, the median."""
        figures = self._seen.setdefault((row, tool), [])
        figures.append(figure)
        self.results.record(row, tool, middle(figures) if len(figures) > 1 else figure)
        self.say(f"  {tool:8} {show_seconds(figure.seconds)}")

    def verify(self, tool: Tool, sums: Path) -> None:
        """Hold what is in the tool's `data` against `sums`."""
        done = self.module("benchmarks.verify", str(tool.data), str(sums), check=False)
        if done.returncode:
            raise WrongBytesError(f"what came back is not what went in:\n{done.stdout.strip()}")

    def module(self, name: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one of our own modules in a process of its own."""
        command = [sys.executable, "-m", name, *arguments]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
        if check and done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
        return done

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
