"""Reads the points of many runs, as few of them as a picture needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aidb.metadata.catalog import layout
from aidb.metadata.catalog.bins import SIZE, Bins, Floats, Ints, Points, bins_of_points
from aidb.metadata.curves import PER_STRETCH, Axis, Curve, sample, smooth

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FINE = 4
"""Bins that each stretch of a picture has to have at least; where there are fewer, the points themselves are read."""
AT_ONCE = 4_000_000
"""Points that are read at once."""

Range = tuple[float | None, float | None]

_POINTS = 'run, step, "time", "value"'
_BINS = [part.split()[0] for part in layout.BINS.split(",")][2:]


class _Run(NamedTuple):
    """A run that has points of a key: its number and id, when it began, how many points."""

    number: int
    id: str
    name: str
    started: float
    points: int


def read_series(
    connection: DuckDBPyConnection,
    sources: Sequence[str],
    runs: Sequence[str],
    keys: Sequence[str],
    *,
    x: str,
    most: int,
    smoothing: float,
    between: Range,
) -> list[Curve]:
    """Curves by key, then in the order of `runs`, which are ids. `sources` are the schemas of segments."""
    curves = []
    axis: Axis = "time" if x == "time" else "step"
    place = {run: at for at, run in enumerate(runs)}
    for key in keys:
        number, found = _runs(connection, runs, key)
        sampled = {
            run.number: sample(bins, axis, most)
            for run, bins in _all_bins(connection, sources, number, found, most, between)
        }
        places = {} if x in ("step", "time") else _values(connection, x, found)
        curves += [
            _curve(run, key, sampled[run.number], x, places.get(run.number), smoothing)
            for run in sorted(found, key=lambda run: place[run.id])
            if run.number in sampled
        ]
    return curves


def _runs(connection: DuckDBPyConnection, runs: Sequence[str], key: str) -> tuple[int, list[_Run]]:
    """The number of a key and the runs that have points of it."""
    sql = """
        SELECT r.run, r.id, r.name, coalesce(r.started, 0), s."count", k."key"
        FROM cat.runs r JOIN cat.summaries s USING (run) JOIN cat.keys k ON k.name = s."key"
        WHERE s."key" = $key AND list_contains($runs, r.id) ORDER BY r.run
    """
    rows = connection.execute(sql, {"key": key, "runs": list(runs)}).fetchall()
    return (rows[0][5] if rows else 0), [_Run(*row[:5]) for row in rows]


def _all_bins(
    connection: DuckDBPyConnection,
    sources: Sequence[str],
    key: int,
    runs: Sequence[_Run],
    most: int,
    between: Range,
) -> Iterator[tuple[_Run, Bins]]:
    """The points of a key, run by run: in bins where those are fine enough for the picture."""
    enough = FINE * SIZE * (most // PER_STRETCH)
    whole = between == (None, None)
    long = [run for run in runs if whole and run.points >= enough]
    for chunk in _chunks([run for run in runs if not whole or run.points < enough]):
        yield from _by_run(chunk, _read_points(connection, "cat.points", key, chunk, between))
    for chunk in _chunks(long, weight=SIZE):
        parts = []
        for source in sources:
            bins = _read_bins(connection, source, key, chunk)
            parts.append(bins)
            having = set(np.unique(bins[0]).tolist())
            rest = [run for run in chunk if run.number not in having]
            parts.append(_read_points(connection, f"{source}.points", key, rest, between))
        parts.append(_read_points(connection, "news.points", key, chunk, between))
        together = np.concatenate([numbers for numbers, _ in parts])
        order = np.argsort(together, kind="stable")
        columns: list[Any] = [
            np.concatenate(column)[order] for column in zip(*(bins for _, bins in parts), strict=True)
        ]
        yield from _by_run(chunk, (together[order], Bins(*columns)))


def _chunks(runs: Sequence[_Run], weight: int = 1) -> Iterator[list[_Run]]:
    """Runs that are read together: not so many that their points, or bins of `weight` points, need much memory."""
    chunk: list[_Run] = []
    total = 0
    for run in runs:
        if chunk and total + run.points // weight > AT_ONCE:
            yield chunk
            chunk, total = [], 0
        chunk.append(run)
        total += run.points // weight
    if chunk:
        yield chunk


def _read_points(
    connection: DuckDBPyConnection, source: str, key: int, runs: Sequence[_Run], between: Range
) -> tuple[Ints, Bins]:
    """Points as bins, sorted by run, step and time; for each the number of its run."""
    low, high = between
    sql = f"""
        SELECT {_POINTS} FROM {source} WHERE "key" = $key AND run BETWEEN $first AND $last AND list_contains($runs, run)
        AND ($low IS NULL OR step >= $low) AND ($high IS NULL OR step <= $high) ORDER BY run, step, "time"
    """
    found = connection.execute(sql, _which(key, runs) | {"low": low, "high": high}).fetchnumpy()
    points = Points(_plain(found["step"]), _plain(found["time"]), _plain(found["value"]))
    return _plain(found["run"]).astype(np.int64), bins_of_points(points)


def _read_bins(
    connection: DuckDBPyConnection, source: str, key: int, runs: Sequence[_Run]
) -> tuple[Ints, Bins]:
    """The bins of one segment."""
    columns = ", ".join(_BINS)
    sql = f"""
        SELECT run, {columns} FROM {source}.bins
        WHERE "key" = $key AND run BETWEEN $first AND $last AND list_contains($runs, run) ORDER BY run, first_step
    """
    found = connection.execute(sql, _which(key, runs)).fetchnumpy()
    values: list[Any] = [_plain(found[column.strip('"')]) for column in _BINS]
    return _plain(found["run"]).astype(np.int64), Bins(*values)


def _which(key: int, runs: Sequence[_Run]) -> dict[str, Any]:
    numbers = [run.number for run in runs]
    return {"key": key, "runs": numbers, "first": min(numbers, default=0), "last": max(numbers, default=-1)}


def _plain(column: Any) -> Any:
    """A column as an array; where DuckDB says NULL there is NaN."""
    return column.filled(np.nan) if isinstance(column, np.ma.MaskedArray) else column


def _by_run(runs: Sequence[_Run], found: tuple[Ints, Bins]) -> Iterator[tuple[_Run, Bins]]:
    numbers, bins = found
    for run in runs:
        begin, end = np.searchsorted(numbers, [run.number, run.number + 1])
        if begin < end:
            yield run, bins.taken(slice(begin, end))


def _values(connection: DuckDBPyConnection, key: str, runs: Sequence[_Run]) -> dict[int, Points]:
    """The points of a metric that others are drawn over."""
    number, found = _runs(connection, [run.id for run in runs], key)
    result = {}
    for chunk in _chunks(found):
        read = _read_points(connection, "cat.points", number, chunk, (None, None))
        for run, bins in _by_run(chunk, read):
            result[run.number] = Points(bins.first_step, bins.first_time, bins.first)
    return result


def _curve(run: _Run, key: str, points: Points, x: str, over: Points | None, smoothing: float) -> Curve:
    if x == "step":
        places = points.steps.astype(np.float64)
    elif x == "time":
        places = points.times - run.started
    else:
        places = _latest(over, points.steps)
    smoothed = smooth(places, points.values, smoothing) if smoothing else None
    return Curve(run.id, run.name, key, run.points, points, places, smoothed)


def _latest(over: Points | None, steps: Ints) -> Floats:
    """The value that a metric had last at or before each step; NaN before its first."""
    if over is None or not len(over.steps):
        return np.full(len(steps), np.nan)
    at = np.searchsorted(over.steps, steps, side="right") - 1
    return np.where(at < 0, np.nan, over.values[np.maximum(at, 0)])
