"""Garbage collection of a repository that is half garbage, every pack of it, beside copying what is needed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Command
from benchmarks.peers.base import DRIVERS, Tool
from benchmarks.rows.base import Row, Workload
from benchmarks.targets import within

ROW = Row(
    "garbage",
    "4 GiB, half of it garbage: collect and delete it, what is needed verified",
    within("cp", 2),
)

Step = Callable[[], Sequence[Command]]


def measure(bench: Bench) -> None:
    """Collect with aidb; copy the half that is needed with `cp`."""
    bench.say("garbage:")
    for kind in bench.tools:
        if kind.name in ("aidb", "cp"):
            tool = kind(bench.work / "run" / "garbage" / kind.name, bench.programs)
            with bench.guard(ROW.id, tool.name):
                tool.prepare()
                bench.time(ROW.id, tool, _collect(bench, tool) if kind.name == "aidb" else _copy(bench, tool))


def _collect(bench: Bench, tool: Tool) -> Step:
    _repository(bench, tool)
    aidb = str(Path(sys.executable).with_name("aidb"))
    argv = (aidb, "gc", "--prune", "--grace", "0", "--reflog-expire", "0")
    return lambda: [Command(argv, tool.tree / "repository")]


def _copy(bench: Bench, tool: Tool) -> Step:
    _repository(bench, tool)
    folder = tool.tree / "repository"
    copy = str(tool.tree / "copy")
    bench.set_aside(folder / ".aidb")
    return lambda: [
        Command(("cp", "-r", str(folder), copy), tool.tree),
        Command(("sync", "-f", copy), tool.tree),
    ]


def _repository(bench: Bench, tool: Tool) -> None:
    argv = (sys.executable, str(DRIVERS / "half_garbage.py"), str(tool.tree / "repository"))
    bench.run(tool, [Command((*argv, str(bench.scale.large_bytes)), tool.place)])


WORKLOAD = Workload("garbage", (ROW,), measure)
