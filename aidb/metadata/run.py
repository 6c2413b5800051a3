"""One run, with everything that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from aidb.metadata.filters.fields import RUN_FIELDS, STATISTICS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Read:
    """Data that the run read: the commit, the path in it, and what was asked for."""

    commit: str
    path: str
    asked: str


@dataclass(frozen=True, slots=True)
class Wrote:
    """A commit that the run made: of which path, on which branch, at which step."""

    commit: str
    path: str
    branch: str
    step: int | None


@dataclass(frozen=True, slots=True)
class Logged:
    """Something a run logged that is no number: `kind` is image, table, value, alert, checkpoint …"""

    kind: str
    name: str
    step: int | None
    time: datetime | None
    data: dict[str, Any] | list[Any] | str | None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run. `metrics` has the statistics of each; `captured` what surrounded it: command, code, packages, host …"""

    id: str
    name: str
    experiment: str | None
    status: str
    started: datetime | None
    ended: datetime | None
    duration: float | None
    user: str | None
    host: str | None
    commit: str | None
    notes: str | None
    parent: str | None
    command: str | None
    error: str | None
    tags: list[str]
    params: dict[str, Any]
    metrics: dict[str, dict[str, Any]]
    read: list[Read]
    wrote: list[Wrote]
    logged: list[Logged]
    captured: dict[str, dict[str, Any]]
    problems: dict[str, str]


def read_record(connection: DuckDBPyConnection, run: str) -> RunRecord:
    """The run with this id, which exists."""
    columns = ["run", *RUN_FIELDS, "error", "tags"]
    listed = ", ".join(f'"{column}"' for column in columns)
    [row] = connection.execute(f"SELECT {listed} FROM cat.runs WHERE id = ?", [run]).fetchall()
    fields = dict(zip(columns, row, strict=True))
    number = fields.pop("run")
    for name in ("started", "ended"):
        fields[name] = _time(fields[name])
    params = _of(connection, 'SELECT "key", json FROM cat.params WHERE run = ? ORDER BY 1', number)
    data = _of(connection, 'SELECT * EXCLUDE (run) FROM cat.data WHERE run = ? ORDER BY "time"', number)
    logged = _of(
        connection, 'SELECT * EXCLUDE (run) FROM cat.artifacts WHERE run = ? ORDER BY "time"', number
    )
    return RunRecord(
        **fields,
        params={key: msgspec.json.decode(json) for key, json in params},
        metrics=_metrics(connection, number),
        read=[
            Read(commit, path, asked) for direction, commit, path, asked, _, _ in data if direction == "read"
        ],
        wrote=[Wrote(commit, path, on, step) for way, commit, path, on, step, _ in data if way == "write"],
        logged=[_logged(*one) for one in logged if one[0] != "captured"],
        captured={
            name: msgspec.json.decode(json)["values"]
            for kind, name, _, _, json in logged
            if kind == "captured"
        },
        problems=dict(
            _of(connection, "SELECT writer, problem FROM cat.problems WHERE run = ? ORDER BY 1", number)
        ),
    )


def _metrics(connection: DuckDBPyConnection, number: int) -> dict[str, dict[str, Any]]:
    columns = ", ".join(f'"{one}"' for one in STATISTICS)
    rows = _of(connection, f'SELECT "key", {columns} FROM cat.summaries WHERE run = ? ORDER BY 1', number)
    return {key: dict(zip(STATISTICS, values, strict=True)) for key, *values in rows}


def _of(connection: DuckDBPyConnection, sql: str, number: int) -> list[Any]:
    return connection.execute(sql, [number]).fetchall()


def _logged(kind: str, name: str, step: int | None, time: float | None, json: str) -> Logged:
    return Logged(kind, name, step, _time(time), msgspec.json.decode(json))


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
