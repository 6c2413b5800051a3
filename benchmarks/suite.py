"""What the benchmarks have in common on the command line: choose, measure, print the table, judge."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from benchmarks.recording import Recording
from benchmarks.results import Results
from benchmarks.rows.base import Row, Workload
from benchmarks.table import as_markdown, as_text, verdicts

_END = "<!-- end -->"


class Suite(Protocol):
    """A benchmark: how it is called, its workloads, its tools (each has a `name` and a `note`), and how it begins.

    `watches_memory` says whether the memory of each step is shown and judged.
    """

    module: str
    title: str
    workloads: Sequence[Workload[Any]]
    tools: Sequence[Any]
    watches_memory: bool

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options that only this benchmark has."""
        ...

    def disk(self, *, quick: bool) -> int:
        """About how many bytes of disk a run needs at once."""
        ...

    def begin(self, given: argparse.Namespace, work: Path, tools: list[Any]) -> Recording:
        """What the workloads measure with."""
        ...


def run_suite(suite: Suite, arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 1 if a tool failed or, at full size, a target that must be reached was not."""
    given = _parser(suite).parse_args(arguments)
    if given.list:
        print(_listing(suite))
        return 0
    if given.show:
        results, rows = (
            Results.read(given.show),
            [row for workload in suite.workloads for row in workload.rows],
        )
    else:
        workloads, rows = _chosen(suite, given.only)
        results = _measure(suite, given, workloads)
    print(as_text(results, rows, memory=suite.watches_memory))
    if given.markdown:
        _write_into(given.markdown, suite.module, as_markdown(results, rows, memory=suite.watches_memory))
    return 1 if any(results.failures.values()) or (not results.quick and _misses(suite, results, rows)) else 0


def _parser(suite: Suite) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {suite.module}", description=suite.title)
    parser.add_argument(
        "--quick", action="store_true", help="small data, a few minutes: checks the machinery"
    )
    parser.add_argument(
        "--only", action="append", metavar="ROW", help="one row or workload (see --list); repeatable"
    )
    parser.add_argument(
        "--tools", metavar="A,B", help="only these tools, by name (default: all that are installed)"
    )
    parser.add_argument(
        "--rounds", type=int, default=1, help="measure everything this often and take the median"
    )
    parser.add_argument(
        "--work", type=Path, default=Path("bench-work"), help="folder for data and repositories"
    )
    parser.add_argument(
        "--keep", action="store_true", help="leave the repositories of the last workload in place"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the table into this page")
    parser.add_argument("--show", type=Path, metavar="JSON", help="show the results of an earlier run")
    parser.add_argument("--list", action="store_true", help="list the workloads, rows and tools")
    suite.add_options(parser)
    return parser


def _listing(suite: Suite) -> str:
    lines = []
    for workload in suite.workloads:
        lines.append(workload.name)
        lines += [f"    {row.id:16} {row.title}" for row in workload.rows]
    return "\n".join([*lines, "tools", *(f"    {tool.name:16} {tool.note}" for tool in suite.tools)])


def _chosen(suite: Suite, only: list[str] | None) -> tuple[list[Workload[Any]], list[Row]]:
    """The workloads to run, whole, and the rows of them to show."""
    every = [row for workload in suite.workloads for row in workload.rows]
    if not only:
        return list(suite.workloads), every
    known = {workload.name for workload in suite.workloads} | {row.id for row in every}
    for name in only:
        if name not in known:
            sys.exit(f"there is no row or workload '{name}'; --list shows them")
    pairs = [(workload, row) for workload in suite.workloads for row in workload.rows]
    rows = [row for workload, row in pairs if workload.name in only or row.id in only]
    return [workload for workload in suite.workloads if any(row in rows for row in workload.rows)], rows


def _tools(suite: Suite, names: str | None) -> list[Any]:
    if names is None:
        return list(suite.tools)
    wanted = {name.strip().lower() for name in names.split(",")}
    unknown = wanted - {tool.name.lower() for tool in suite.tools}
    if unknown:
        sys.exit(f"there is no tool '{unknown.pop()}'; --list shows them")
    return [tool for tool in suite.tools if tool.name.lower() in wanted]


def _measure(suite: Suite, given: argparse.Namespace, workloads: list[Workload[Any]]) -> Results:
    work = given.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    free, needed = shutil.disk_usage(work).free, suite.disk(quick=given.quick)
    if free < needed:
        sys.exit(
            f"{work} has {free >> 30} GiB free and this run needs about {needed >> 30} GiB.\n"
            "Name another folder with --work, or try --quick."
        )
    bench = suite.begin(given, work, _tools(suite, given.tools))
    kept = work / "results" / time.strftime("%Y%m%d-%H%M%S.json")
    for _ in range(given.rounds):
        for workload in workloads:
            bench.clear()
            workload.measure(bench)
            bench.results.write(kept)
    if not given.keep:
        bench.clear()
    bench.say(f"kept in {kept}; --show {kept} prints it again")
    return bench.results


def _write_into(page: Path, module: str, table: str) -> None:
    """Put the table between the marks of a page that has them; otherwise it is the page."""
    mark = f"<!-- begin: python -m {module} --markdown -->"
    text = page.read_text() if page.exists() else f"{mark}\n{_END}\n"
    before, begin, rest = text.partition(mark)
    _, end, after = rest.partition(_END)
    page.write_text(f"{before}{begin}\n\n{table}\n{end}{after}" if end else table)


def _misses(suite: Suite, results: Results, rows: list[Row]) -> bool:
    return any(
        judged.level == "must" and judged.verdict.reached is False
        for judged in verdicts(results, rows, memory=suite.watches_memory)
    )
