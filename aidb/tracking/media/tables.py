"""Tables as JSON lines: one object for each row, which everything reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from aidb.errors import InvalidInputError
from aidb.tracking.media.made import Made
from aidb.tracking.params import json_value


def table_file(table: Any, columns: Sequence[str] | None) -> Made:
    """See `Run.log_table`. Raises InvalidInputError for what is no table."""
    names, rows = _rows(table, columns)
    lines = [msgspec.json.encode(dict(zip(names, map(json_value, row), strict=True))) for row in rows]
    return Made(b"".join(line + b"\n" for line in lines), ".jsonl", {"columns": names, "rows": len(lines)})


def _rows(table: Any, columns: Sequence[str] | None) -> tuple[list[str], list[tuple[Any, ...]]]:
    if hasattr(table, "to_pydict"):  # Arrow
        table = table.to_pydict()
    elif hasattr(table, "to_dict") and hasattr(table, "columns"):
        polars = hasattr(table, "to_dicts")
        table = table.to_dict(as_series=False) if polars else table.to_dict(orient="list")
    if isinstance(table, Mapping):
        names = [str(name) for name in table]
        lists = [list(column) for column in table.values()]
        if len({len(column) for column in lists}) > 1:
            raise InvalidInputError("the columns of the table have different lengths")
        return names, list(zip(*lists, strict=True))
    return _given_rows(table, columns)


def _given_rows(table: Any, columns: Sequence[str] | None) -> tuple[list[str], list[tuple[Any, ...]]]:
    rows = list(table) if isinstance(table, Iterable) and not isinstance(table, (str, bytes)) else None
    if rows is not None and rows and all(isinstance(row, Mapping) for row in rows) and columns is None:
        names = list(dict.fromkeys(str(name) for row in rows for name in row))
        return names, [tuple(row.get(name) for name in names) for row in rows]
    if rows is None or columns is None or any(len(row) != len(columns) for row in rows):
        raise InvalidInputError(
            f"{type(table).__name__} is no table",
            hints=("Give a data frame, a dict of columns, a list of dicts, or rows with columns=[…].",),
        )
    return [str(name) for name in columns], [tuple(row) for row in rows]
