"""`aidb sql`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aidb_cli.context import Context
from aidb_cli.output import Json, Output
from aidb_cli.runs.values import json_value, text
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.grid import grid
from aidb_cli.words import count

if TYPE_CHECKING:
    from aidb.metadata.results import Table


def sql(
    context: Context,
    query: Annotated[str, Argument("The question.", "QUERY")],
    seconds: Annotated[int, Option(("--seconds",), "Stop after so long.", metavar="N")] = 30,
) -> None:
    """Ask anything of runs, commits and versions in SQL, which can only read.

    The tables are runs, params, metrics, points, tags, artifacts, data, commits and files('REV'); docs/catalog.md
    describes them. DESCRIBE TABLE shows the columns of one. The dialect is that of DuckDB.
    """
    context.out.show(_Result(context.repo.sql(query, seconds=seconds).table()))


class _Result:
    def __init__(self, table: Table) -> None:
        self._table = table

    def json(self) -> Json:
        return [{name: _json(value) for name, value in row.items()} for row in self._table]

    def draw(self, out: Output) -> None:
        rows = [[text(value, 60) for value in row] for row in self._table.rows()]
        head, *lines = grid([self._table.columns, *rows])
        out.line(out.style("heading", head))
        for line in lines:
            out.line(line)
        out.note(count(len(rows), "row"))


def _json(value: object) -> Json:
    """A value of any type that SQL has; what JSON lacks is written as text."""
    plain = json_value(value)
    return plain if isinstance(plain, str | int | float | bool | list | dict | None) else str(plain)


COMMAND = Command(
    sql,
    examples=(
        ("aidb sql \"SELECT id, status FROM runs WHERE 'best' IN tags\"", "runs with a tag"),
        ("aidb sql 'SELECT run, min FROM metrics ORDER BY min LIMIT 5'", "the lowest values"),
        ("aidb sql \"SELECT kind, sum(size) FROM files('main') GROUP BY kind\"", "what a version holds"),
        ("aidb sql 'DESCRIBE metrics'", "the columns of a table"),
    ),
    pages=True,
)
