"""The rows that differ between two versions of a Parquet table. Only aidb looks inside."""

from __future__ import annotations

from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.peers.base import TABLES, Tool
from benchmarks.rows.base import Row, Workload
from benchmarks.rows.large import copy_hot
from benchmarks.targets import seconds

CHANGES = 1000
ROW = Row("tables-diff", "Parquet of 10,000,000 rows: which 1,000 changed, by key", seconds(5.0))


def measure(bench: Bench) -> None:
    """Commit both versions, then compare them."""
    tools = bench.enter(TABLES)
    if not tools:
        return
    folder = _data(bench)
    for tool in tools:
        bench.say(f"tables, {tool.name}:")
        with bench.guard(ROW.id, tool.name):
            _compare(bench, tool, folder)


def _compare(bench: Bench, tool: Tool, folder: Path) -> None:
    tool.data.mkdir()
    for version in ("old", "new"):
        copy_hot(folder / f"{version}.parquet", tool.data / "table.parquet")
        bench.run(tool, tool.save(version))
        bench.run(tool, tool.mark(version))
    bench.time(ROW.id, tool, lambda: tool.inside("old", "new", "id"), most=3)


def _data(bench: Bench) -> Path:
    rows = bench.scale.rows
    home = bench.work / "data" / f"tables-{rows}"
    if not (home / "new.parquet").exists():
        bench.say(f"making two tables of {rows:,} rows ...")
        bench.module("benchmarks.workloads.tables", str(home), f"--rows={rows}", f"--changes={CHANGES}")
    return home


WORKLOAD = Workload(TABLES, (ROW,), measure)
