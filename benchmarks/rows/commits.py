"""1,000 commits of one small file each, through each tool's Python API, in a repository of 1,000 files."""

from __future__ import annotations

import sys

from benchmarks.bench import Bench
from benchmarks.measure import Command
from benchmarks.peers.base import DRIVERS, Tool
from benchmarks.rows.base import Row, Workload
from benchmarks.targets import seconds, within

ROW = Row(
    "commits",
    "1,000 commits of one small file each, by API",
    seconds(5),
    within("git", 1, must=False),
)

_MODULES = {"aidb": None, "git": None, "DVC": "dvc", "Oxen": "oxen"}  # None: in the Python that measures


def measure(bench: Bench) -> None:
    """Run the commits with each tool that has a Python API, in a process of its own."""
    bench.say("commits:")
    for kind in bench.tools:
        if kind.name in _MODULES:
            tool = kind(bench.work / "run" / "commits" / kind.name, bench.programs)
            with bench.guard(ROW.id, tool.name):
                _take(bench, tool)


def _take(bench: Bench, tool: Tool) -> None:
    module = _MODULES[tool.name]
    python = sys.executable if module is None else bench.programs.python_with(module)
    if python is None:
        return
    tool.prepare()
    amounts = (str(bench.scale.base_files), str(bench.scale.commits))
    argv = (python, str(DRIVERS / "many_commits.py"), tool.name, str(tool.tree / "repository"), *amounts)
    bench.record(ROW.id, tool.name, bench.run_reporting(tool, Command(argv, tool.place)))


WORKLOAD = Workload("commits", (ROW,), measure)
