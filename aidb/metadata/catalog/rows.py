"""From what is known of runs to rows of the catalog's tables."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from aidb.metadata import duck
from aidb.metadata.catalog import layout
from aidb.metadata.catalog.record import Record
from aidb.metadata.catalog.summary import Summary, higher_is_better

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEVER_MISSING = ("first", "last")
"""Columns of summaries in which NaN is a value."""


def write_rows(connection: DuckDBPyConnection, schema: str, records: Sequence[Record]) -> None:
    """Insert everything but points that is known of these runs. Nothing of them may be there yet."""
    rows: dict[str, list[Sequence[Any]]] = {
        "runs": [_run(record) for record in records],
        "params": [row for record in records for row in _params(record)],
        "summaries": [row for record in records for row in _summaries(record)],
        "artifacts": [(record.run, *_cells(row)) for record in records for row in record.artifacts],
        "data": [(record.run, *_cells(row)) for record in records for row in record.data],
        "problems": [(record.run, *row) for record in records for row in record.problems.items()],
    }
    for table, found in rows.items():
        if found:
            columns = dict(zip(layout.column_names(table), zip(*found, strict=True), strict=True))
            duck.insert(
                connection, f"{schema}{table}", columns, numbers=NEVER_MISSING if table == "summaries" else ()
            )


def write_books(connection: DuckDBPyConnection, records: Iterable[Record]) -> None:
    """Insert the records themselves, from which reading goes on."""
    pairs = [(record.run, msgspec.msgpack.encode(record)) for record in records]
    duck.insert(
        connection, "records", {"run": [run for run, _ in pairs], "record": [data for _, data in pairs]}
    )


def _cells(row: msgspec.Struct) -> Sequence[Any]:
    return msgspec.structs.astuple(row)


def _run(record: Record) -> Sequence[Any]:
    ending = record.ending
    ended = None if ending is None else ending.time
    last = ended or max((one.last_time for one in record.summaries.values()), default=None)
    duration = None if record.started is None or last is None else max(0.0, last - record.started)
    about = record.captured
    return (
        record.run,
        record.id,
        record.name[1] or record.id,
        record.experiment,
        record.status,
        record.started,
        ended,
        duration,
        _text(about, "host", "user"),
        record.host,
        _text(about, "code", "commit"),
        record.notes[1] or None,
        record.parent,
        _text(about, "command", "command"),
        None if ending is None else ending.error or None,
        sorted(tag for tag, (_, present) in record.tags.items() if present),
        max((one.last_step for one in record.summaries.values()), default=None),
        sum(one.count for one in record.summaries.values()),
    )


def _text(captured: Mapping[str, Mapping[str, Any]], about: str, key: str) -> str | None:
    value = captured.get(about, {}).get(key)
    if isinstance(value, list):
        return shlex.join(map(str, value))
    return value if isinstance(value, str) else None


def _params(record: Record) -> Iterable[Sequence[Any]]:
    for key, (_, value) in record.params.items():
        truth = value if isinstance(value, bool) else None
        number = float(value) if isinstance(value, int | float) and truth is None else None
        text = value if isinstance(value, str) else None
        yield record.run, key, number, text, truth, _json(value)


def _json(value: object) -> str:
    """A param as JSON; numbers that JSON lacks are texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'"{value}"'
    return msgspec.json.encode(value).decode()


def _summaries(record: Record) -> Iterable[Sequence[Any]]:
    for key, one in record.summaries.items():
        yield record.run, key, *_numbers(key, one)


def _numbers(key: str, one: Summary) -> Sequence[Any]:
    best, best_step = (one.max, one.max_step) if higher_is_better(key) else (one.min, one.min_step)
    return (
        one.last,
        one.last_step,
        one.first,
        one.min,
        one.min_step,
        one.max,
        one.max_step,
        best,
        best_step,
        one.mean,
        one.count,
        one.count - one.numbers,
    )
