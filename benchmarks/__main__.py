"""`python -m benchmarks`: measure, and print the table."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench import FULL, QUICK, Bench
from benchmarks.peers import TOOLS, Programs, Tool
from benchmarks.results import Results
from benchmarks.rows import WORKLOADS, Row, Workload
from benchmarks.table import as_markdown, as_text, verdicts

_BEGIN, _END = "<!-- begin: python -m benchmarks --markdown -->", "<!-- end -->"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 1 if a tool failed or, at full size, a target that must be reached was not."""
    given = _parser().parse_args(arguments)
    if given.list:
        print(_listing())
        return 0
    if given.show:
        results, rows = Results.read(given.show), [row for workload in WORKLOADS for row in workload.rows]
    else:
        workloads, rows = _chosen(given.only)
        results = _measure(given, workloads)
    print(as_text(results, rows))
    if given.markdown:
        _write_into(given.markdown, as_markdown(results, rows))
    return 1 if any(results.failures.values()) or (not results.quick and _misses(results, rows)) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="aidb beside its peers.")
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
    parser.add_argument("--peers", type=Path, help="virtual environment that has DVC, Oxen and borg")
    parser.add_argument(
        "--keep", action="store_true", help="leave the repositories of the last workload in place"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the table into this page")
    parser.add_argument("--show", type=Path, metavar="JSON", help="show the results of an earlier run")
    parser.add_argument("--list", action="store_true", help="list the workloads, rows and tools")
    return parser


def _listing() -> str:
    lines = []
    for workload in WORKLOADS:
        lines.append(workload.name)
        lines += [f"    {row.id:16} {row.title}" for row in workload.rows]
    return "\n".join([*lines, "tools", *(f"    {tool.name:16} {tool.note}" for tool in TOOLS)])


def _chosen(only: list[str] | None) -> tuple[list[Workload], list[Row]]:
    """The workloads to run, whole, and the rows of them to show."""
    every = [row for workload in WORKLOADS for row in workload.rows]
    if not only:
        return list(WORKLOADS), every
    known = {workload.name for workload in WORKLOADS} | {row.id for row in every}
    for name in only:
        if name not in known:
            sys.exit(f"there is no row or workload '{name}'; --list shows them")
    pairs = [(workload, row) for workload in WORKLOADS for row in workload.rows]
    rows = [row for workload, row in pairs if workload.name in only or row.id in only]
    return [workload for workload in WORKLOADS if any(row in rows for row in workload.rows)], rows


def _tools(names: str | None) -> list[type[Tool]]:
    if names is None:
        return list(TOOLS)
    wanted = {name.strip().lower() for name in names.split(",")}
    unknown = wanted - {tool.name.lower() for tool in TOOLS}
    if unknown:
        sys.exit(f"there is no tool '{unknown.pop()}'; --list shows them")
    return [tool for tool in TOOLS if tool.name.lower() in wanted]


def _measure(given: argparse.Namespace, workloads: list[Workload]) -> Results:
    work = given.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    scale = QUICK if given.quick else FULL
    free = shutil.disk_usage(work).free
    if free < scale.disk:
        sys.exit(
            f"{work} has {free >> 30} GiB free and this run needs about {scale.disk >> 30} GiB.\n"
            "Name another folder with --work, or try --quick."
        )
    peers = given.peers.resolve() if given.peers and given.peers.exists() else None
    bench = Bench(work, scale, Programs(peers), _tools(given.tools))
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


def _write_into(page: Path, table: str) -> None:
    """Put the table between the marks of a page that has them; otherwise it is the page."""
    text = page.read_text() if page.exists() else f"{_BEGIN}\n{_END}\n"
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    page.write_text(f"{before}{begin}\n\n{table}\n{end}{after}" if end else table)


def _misses(results: Results, rows: list[Row]) -> bool:
    return any(
        level == "must" and verdict.reached is False for _, level, _, verdict in verdicts(results, rows)
    )


if __name__ == "__main__":
    sys.exit(main())
