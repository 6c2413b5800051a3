"""`aidb runs`, `aidb runs watch`: the table of runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aidb_cli.context import Context
from aidb_cli.output import Json, Output, is_terminal
from aidb_cli.runs.values import json_value, span, spread, text
from aidb_cli.views.grid import grid
from aidb_cli.words import count

if TYPE_CHECKING:
    from aidb.metadata.results import Table
    from aidb.metadata.runs import Runs

FIRST = ["id", "name", "status", "started", "duration"]
EVERY = 2.0
"""Seconds between two looks of `watch`."""
_STATUS = {
    "finished": "added",
    "running": "head",
    "failed": "removed",
    "crashed": "removed",
    "killed": "modified",
}


@dataclass(frozen=True)
class Wanted:
    """What a listing is of."""

    filter: str = ""
    sort: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    limit: int | None = None


class RunsView:
    """The runs that were asked for."""

    def __init__(self, table: Table, *, grouped: bool) -> None:
        self._table = table
        self._grouped = grouped
        self._shown = _spreads(table) if grouped else table

    def json(self) -> Json:
        return [{name: json_value(value) for name, value in row.items()} for row in self._table]

    def draw(self, out: Output) -> None:
        for line in self.lines(out):
            out.line(line)

    def lines(self, out: Output) -> list[str]:
        """The table as it fits the terminal: columns that do not fit are left out, and counted."""
        if not len(self._shown):
            return ["No runs."]
        columns = self._shown.columns
        cells = [[_header(name) for name in columns], *self._cells(columns)]
        fitting = _fitting(cells, out.width) if out.on_terminal else len(columns)
        lines = grid([row[:fitting] for row in cells])
        styled = [
            out.style("heading", lines[0]),
            *(self._styled(out, line, at) for at, line in enumerate(lines[1:])),
        ]
        if fitting < len(columns):
            left = count(len(columns) - fitting, "more column")
            styled.append(
                out.style("dim", f"… {left}: {', '.join(map(_header, columns[fitting : fitting + 6]))}")
            )
        return styled

    def _cells(self, columns: Sequence[str]) -> list[list[str]]:
        shown = [
            [
                span(value) if name == "duration" and not self._grouped else text(value)
                for value in self._shown.column(name)
            ]
            for name in columns
        ]
        return [list(row) for row in zip(*shown, strict=True)]

    def _styled(self, out: Output, line: str, at: int) -> str:
        if self._grouped or "status" not in self._shown.columns:
            return line
        status = self._shown.column("status")[at]
        return line.replace(f" {status} ", f" {out.style(_STATUS.get(status, 'dim'), status)} ", 1)


def list_runs(context: Context, wanted: Wanted) -> None:
    """The table, and notes of what could not be read."""
    runs = context.repo.runs
    context.out.show(_view(runs, wanted))
    _report_problems(context, runs)
    if not context.out.json_mode and not len(runs):
        context.out.hint("`with aidb.start_run() as run: run.log({…})` in your training script makes one.")


def watch_runs(context: Context, wanted: Wanted) -> None:
    """The table, again and again until Ctrl-C; on a terminal in place, in a pipe one after the other."""
    place = "\x1b[H\x1b[2J" if is_terminal(context.out.stdout) else ""
    while True:
        context.out.stdout.write(place)
        _view(context.repo.runs, wanted).draw(context.out)
        context.out.stdout.flush()
        time.sleep(EVERY)


def _view(runs: Runs, wanted: Wanted) -> RunsView:
    chosen = bool(wanted.columns or wanted.group_by)
    table = runs.table(
        wanted.filter,
        sort=wanted.sort,
        columns=_columns(wanted) if chosen else None,
        group_by=wanted.group_by,
        limit=wanted.limit,
    )
    return RunsView(
        table if wanted.columns or wanted.group_by else _telling(table), grouped=bool(wanted.group_by)
    )


def _columns(wanted: Wanted) -> Sequence[str]:
    """What was asked for, and whose it is: the id of a run."""
    return wanted.columns if wanted.group_by or "id" in wanted.columns else ("id", *wanted.columns)


def _spreads(table: Table) -> Table:
    """Of runs in groups, what is read at a glance: `X.mean` and `X.std` as one column X. JSON has them all."""
    from aidb.metadata.results import Table

    columns: dict[str, Sequence[Any]] = {}
    for name in table.columns:
        column, _, statistic = name.rpartition(".")
        if f"{column}.std" not in table.columns:
            columns[name] = table.column(name)
        elif statistic == "mean":
            columns[column] = list(map(spread, table.column(name), table.column(f"{column}.std")))
    return Table(columns)


def _telling(table: Table) -> Table:
    """The columns that tell runs apart before those that are the same everywhere; empty ones not at all."""
    from aidb.metadata.results import Table

    def differs(name: str) -> bool:
        values = table.column(name)
        return any(value != values[0] for value in values[1:])

    used = [
        name for name in table.columns if any(value not in (None, [], "") for value in table.column(name))
    ]
    rest = [name for name in used if name not in FIRST]
    params = [name for name in rest if name.startswith("params.")]
    metrics = [name for name in rest if name.startswith("metrics.")]
    others = [name for name in rest if name not in params and name not in metrics]
    order = [name for name in FIRST if name in used]
    order += [name for name in params if differs(name)] + metrics
    order += [name for name in others if differs(name)]
    order += [name for name in (*others, *params) if not differs(name)]
    return Table({name: table.column(name) for name in dict.fromkeys(order)})


def _header(column: str) -> str:
    """What stands above a column: the name of a param or metric without its space."""
    return column.removeprefix("params.").removeprefix("metrics.")


def _fitting(rows: Sequence[Sequence[str]], width: int) -> int:
    """How many columns fit; always the first."""
    total = 0
    for at, column in enumerate(zip(*rows, strict=True)):
        total += max(map(len, column)) + 2
        if total - 2 > width and at:
            return at
    return len(rows[0])


def _report_problems(context: Context, runs: Runs) -> None:
    for problem in runs.problems():
        context.out.warn(f"run {problem.run}: {problem.journal}: {problem.problem}")
