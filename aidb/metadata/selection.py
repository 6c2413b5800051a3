"""Which runs are asked for, in which order, with which columns: one statement over the catalog."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from aidb.errors import FilterError
from aidb.metadata.duck import name, query_errors
from aidb.metadata.filters import Field, fields_of, parse, parse_field
from aidb.metadata.filters.fields import RUN_FIELDS
from aidb.metadata.filters.sql import Columns, compile_filter
from aidb.metadata.wide import Wide

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TAGS = "tags"
"""A column that is a list, so it is no field to compare."""


class Selection:
    """A statement under construction: fields become joined tables as they are asked for."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection
        self._joins: list[str] = []
        self._parameters: dict[str, Any] = {}
        self._aliases: dict[tuple[str, str], str] = {}
        self._condition = "true"
        self._known: dict[str, list[str]] = {}

    def keep(self, source: str) -> None:
        """Keep the runs that fulfil a filter. Raises FilterError, also for a metric or param that no run has."""
        node = parse(source)
        if node is None:
            return
        for field in fields_of(node):
            self._check(field, source)
        now = datetime.now().astimezone()
        condition = compile_filter(node, self._places, tags="r.tags", now=now, source=source)
        self._condition = condition.sql
        self._parameters.update(condition.parameters)

    def rows(
        self, columns: Sequence[str], *, sort: Sequence[str] = (), limit: int | None = None
    ) -> dict[str, list[Any]]:
        """The values of columns, run by run. `sort` names fields, with a `-` before those that descend."""
        fields = {column: self._checked(column) for column in columns if column != TAGS}
        own = [column for column in columns if column == TAGS or fields[column].space == "run"]
        numbers, found = self._runs(own, [part for one in sort for part in self._order(one)], limit)
        far = {column: field for column, field in fields.items() if field.space != "run"}
        found |= Wide(self._connection, numbers).columns(far)
        return {column: _read(fields.get(column), found[column]) for column in columns}

    def _runs(
        self, columns: Sequence[str], order: Sequence[str], limit: int | None
    ) -> tuple[list[int], dict[str, Sequence[Any]]]:
        """The numbers of the runs that are wanted, in order, and fields of their own."""
        written = ", ".join(["r.run", *(f"r.{name(_own(column))}" for column in columns)])
        sql = f"SELECT {written} FROM cat.runs r {' '.join(self._joins)} WHERE {self._condition} "
        sql += f"ORDER BY {', '.join([*order, 'r.started DESC', 'r.id'])}"
        if limit is not None:
            sql += f" LIMIT {int(limit)}"
        with query_errors("the question"):
            found = self._connection.execute(sql, self._parameters).fetchall()
        values = list(zip(*found, strict=True)) if found else [()] * (len(columns) + 1)
        return list(values[0]), dict(zip(columns, values[1:], strict=True))

    def _order(self, sort: str) -> Iterable[str]:
        places = self._places(self._checked(sort.removeprefix("-")))
        direction = "DESC" if sort.startswith("-") else "ASC"
        if places.number is not None:
            yield f"({places.number} IS NULL OR isnan({places.number}))"
            yield f"{places.number} {direction}"
        if places.text is not None:
            yield f"{places.text} {direction} NULLS LAST"

    def _checked(self, source: str) -> Field:
        field = parse_field(source)
        self._check(field, source)
        return field

    def _check(self, field: Field, source: str) -> None:
        """Refuse what no run has: it is a slip of the pen. Where there are no runs nothing can be told."""
        table = {"metrics": "summaries", "params": "params"}.get(field.space)
        if table is None:
            return
        known = self._keys(table)
        if not known or field.key in known:
            return
        what = {"metrics": "metric", "params": "param"}[field.space]
        raise FilterError(
            f"no run has a {what} {field.key!r}", source=source, at=field.at, hints=_near(field, known)
        )

    def _keys(self, table: str) -> list[str]:
        """All metrics, or params, that any run has; asked for once."""
        if table not in self._known:
            sql = f'SELECT DISTINCT "key" FROM cat.{table}'
            self._known[table] = [key for (key,) in self._connection.execute(sql).fetchall()]
        return self._known[table]

    def _places(self, field: Field) -> Columns:
        if field.space == "run":
            column = f"r.{name(field.key)}"
            return Columns(text=column) if RUN_FIELDS[field.key] == "text" else Columns(number=column)
        alias = self._join(field)
        if field.space == "metrics":
            return Columns(number=f"CAST({alias}.{name(field.statistic)} AS DOUBLE)")
        return Columns(f"{alias}.number", f"{alias}.text", f"{alias}.truth")

    def _join(self, field: Field) -> str:
        alias = self._aliases.get((field.space, field.key))
        if alias is None:
            alias = self._aliases[field.space, field.key] = f"j{len(self._aliases)}"
            table = "summaries" if field.space == "metrics" else "params"
            source = f'(SELECT * FROM cat.{table} WHERE "key" = $k{alias})'
            self._joins.append(f"LEFT JOIN {source} {alias} ON {alias}.run = r.run")
            self._parameters[f"k{alias}"] = field.key
        return alias


def _near(field: Field, known: Collection[str]) -> tuple[str, ...]:
    from difflib import get_close_matches

    close = get_close_matches(field.key, known, n=2, cutoff=0.6)
    if close:
        return (f"Did you mean {' or '.join(f'{field.space}.{key}' for key in close)}?",)
    return (f"There are: {', '.join(sorted(known)[:8])}{' …' if len(known) > 8 else ''}",)


def _own(column: str) -> str:
    return column if column == TAGS else parse_field(column).key


def _read(field: Field | None, cells: Sequence[Any]) -> list[Any]:
    """What the catalog holds as a person wants it: params as they were given, times as times. No field: tags."""
    if field is None:
        return list(cells)
    if field.space == "params":
        seen: dict[str | None, Any] = {None: None}
        for cell in cells:
            if cell not in seen:
                seen[cell] = msgspec.json.decode(cell)
        return [seen[cell] for cell in cells]
    if field.space == "run" and RUN_FIELDS[field.key] == "time":
        return [None if cell is None else datetime.fromtimestamp(cell, UTC) for cell in cells]
    if field.statistic in ("count", "nans") or field.statistic.endswith("_step"):
        return [None if cell is None else int(cell) for cell in cells]
    return list(cells)
