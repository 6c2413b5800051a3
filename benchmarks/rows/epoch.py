"""A training epoch over the 100,000 small files: from a version, and from the plain files."""

from __future__ import annotations

import importlib.util
import shutil
import sys

from benchmarks.bench import Bench
from benchmarks.measure import Command
from benchmarks.peers.base import DRIVERS, Tool
from benchmarks.rows import small
from benchmarks.rows.base import Row, Workload
from benchmarks.targets import faster

ROWS = (
    Row("epoch-cold", "100,000 files: an epoch with 2 PyTorch workers, cold", faster("Python", 3)),
    Row("epoch-hot", "100,000 files: an epoch with 2 PyTorch workers, hot", faster("Python", 3, must=False)),
)
_READERS = ("aidb", "Python")


def measure(bench: Bench) -> None:
    """Read every sample once with each reader, where PyTorch is installed."""
    if importlib.util.find_spec("torch") is None:
        bench.say("epoch: left out, PyTorch is not installed (pip install torch)")
        return
    data, _ = small.small_files(bench)
    tools = [kind(bench.work / "run" / "epoch" / kind.name, bench.programs) for kind in bench.tools]
    readers = [tool for tool in tools if tool.name in _READERS]
    for tool in readers:
        tool.prepare()
        shutil.copytree(data, tool.data)
        if tool.name == "aidb":
            bench.run(tool, [*tool.create(), *tool.save("v1")])
    for row in ROWS:
        bench.say(f"{row.id}:")
        for tool in readers:
            with bench.guard(row.id, tool.name):
                bench.record(row.id, tool.name, bench.run_reporting(tool, _epoch(tool, row)))


def _epoch(tool: Tool, row: Row) -> Command:
    driver = str(DRIVERS / "epoch.py")
    return Command((sys.executable, driver, tool.name, str(tool.tree), row.id.rpartition("-")[2]), tool.place)


WORKLOAD = Workload("epoch", ROWS, measure)
