"""Garbage collection of a repository that is half garbage, every pack of it, while others work, beside copying what is
needed."""

from __future__ import annotations

import shutil
import sys

from benchmarks.bench import Bench
from benchmarks.measure import Command, warm
from benchmarks.peers.base import DRIVERS, Tool
from benchmarks.rows.base import Row, Workload
from benchmarks.targets import AIDB, within

ROW = Row(
    "garbage",
    "10 GB, half of it garbage: collect it while others read and commit, what is needed verified",
    within("cp", 2),
)


def measure(bench: Bench) -> None:
    """Collect with aidb; copy the half that is needed with `cp`."""
    bench.say("garbage:")
    for kind in bench.tools:
        if kind.name in (AIDB, "cp"):
            tool = kind(bench.work / "run" / "garbage" / kind.name, bench.programs)
            with bench.guard(ROW.id, tool):
                tool.prepare()
                _repository(bench, tool)
                (_collect if kind.name == AIDB else _copy)(bench, tool)
            shutil.rmtree(tool.place)


def _repository(bench: Bench, tool: Tool) -> None:
    size = str(bench.scale.garbage_bytes)
    argv = (sys.executable, str(DRIVERS / "half_garbage.py"), str(tool.tree / "repository"), size)
    bench.run(tool, [Command(argv, tool.place)])


def _collect(bench: Bench, tool: Tool) -> None:
    folder = tool.tree / "repository"
    warm([folder / ".aidb"])
    argv = (sys.executable, str(DRIVERS / "collect_beside.py"), str(folder))
    bench.record(ROW.id, tool.name, bench.run_reporting(tool, Command(argv, tool.place)))


def _copy(bench: Bench, tool: Tool) -> None:
    folder, copy = tool.tree / "repository", str(tool.tree / "copy")
    bench.set_aside(folder / ".aidb")
    warm([folder])
    copying = Command(("cp", "-r", str(folder), copy), tool.tree)
    bench.time(ROW.id, tool, lambda: [copying, Command(("sync", "-f", copy), tool.tree)])


WORKLOAD = Workload("garbage", (ROW,), measure)
