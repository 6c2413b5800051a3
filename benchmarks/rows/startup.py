"""How long a tool needs to say anything at all."""

from __future__ import annotations

import sys

from benchmarks.bench import Bench
from benchmarks.measure import Command, middle
from benchmarks.peers.base import Tool
from benchmarks.rows.base import Row, Workload
from benchmarks.targets import seconds

ROWS = (
    Row("start-version", "start-up: --version", seconds(0.120)),
    Row("start-status", "start-up: status in an empty repository"),
    Row("start-import", "start-up: import aidb (pygit2, dvc.api, oxen)", seconds(0.080)),
)

_IMPORT = "import time; began = time.perf_counter(); import {}; print('seconds', time.perf_counter() - began)"
_PACKAGES = {"aidb": "aidb", "git": "pygit2", "DVC": "dvc.api", "Oxen": "oxen"}


def measure(bench: Bench) -> None:
    """Start each tool several times."""
    tools = [kind(bench.work / "run" / "startup" / kind.name, bench.programs) for kind in bench.tools]
    for row_id, step in (("start-version", _version), ("start-status", _status), ("start-import", _import)):
        bench.say(f"{row_id}:")
        for tool in tools:
            with bench.guard(row_id, tool.name):
                step(bench, tool, row_id)


def _version(bench: Bench, tool: Tool, row_id: str) -> None:
    tool.prepare()
    command = tool.version_command(bench.programs) or []
    bench.time(row_id, tool, lambda: [Command(tuple(command), tool.tree)], most=bench.scale.starts)


def _status(bench: Bench, tool: Tool, row_id: str) -> None:
    bench.run(tool, tool.create())
    tool.data.mkdir()
    bench.time(row_id, tool, tool.status, most=bench.scale.starts)


def _import(bench: Bench, tool: Tool, row_id: str) -> None:
    package = _PACKAGES.get(tool.name)
    if package is None:
        return
    own = tool.name in ("aidb", "git")
    python = sys.executable if own else bench.programs.python_with(package.partition(".")[0])
    if python is None:
        return
    command = Command((python, "-c", _IMPORT.format(package)), tool.tree)
    figures = [bench.run_reporting(tool, command) for _ in range(bench.scale.starts)]
    bench.record(row_id, tool.name, middle(figures))


WORKLOAD = Workload("startup", ROWS, measure)
