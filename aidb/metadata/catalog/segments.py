"""Segments: immutable files with the points of many runs, sorted by key, run, step and time.

A fold writes what is new as one segment and never touches an old one. When small segments have become many they are
written anew as one, so each point is rewritten a few times at most, whatever the size of the catalog.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aidb.metadata import duck
from aidb.metadata.catalog import bins, layout
from aidb.metadata.catalog.bins import Bins, Points

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MANY = 8
"""Small segments that may be there before they are put together."""
SMALL = 4_000_000
"""Points of a segment that is still put together with others."""
_BLOCK = 64 << 10
"""Bytes of a block. Columns end with one that is not full; in smaller ones DuckDB does not pack integers."""


class Piece(NamedTuple):
    """Points of one series: the number of its run, that of its key."""

    run: int
    key: int
    points: Points


class Segment(NamedTuple):
    """One segment, as the catalog lists it."""

    file: str
    points: int
    first_run: int
    last_run: int


def new_name() -> str:
    """A name that no file of a catalog has had."""
    return f"{os.urandom(8).hex()}.duckdb"


def write_segment(path: Path, pieces: Iterable[Piece]) -> Segment:
    """Write a new segment. A series may be in several pieces, if they follow each other in steps and in order."""
    ordered = sorted(pieces, key=lambda piece: (piece.key, piece.run))
    connection = duck.connect(path, block=_BLOCK)
    try:
        connection.execute(layout.create(layout.SEGMENT) + layout.UNPACKED)
        _fill(connection, ordered)
    finally:
        connection.close()
    runs = [piece.run for piece in ordered]
    return Segment(path.name, sum(len(piece.points.steps) for piece in ordered), min(runs), max(runs))


def insert_points(connection: DuckDBPyConnection, table: str, pieces: Sequence[Piece]) -> None:
    """Insert points into a table with the columns of `layout.POINTS`."""
    if pieces:
        duck.insert(connection, table, _columns(pieces), numbers=("value",))


def _fill(connection: DuckDBPyConnection, pieces: Sequence[Piece]) -> None:
    """Insert points into a new segment, and bins of what is long."""
    columns = _columns(pieces)
    columns["clock"] = columns.pop("time").view(np.int64)
    duck.insert(connection, "packed", columns, numbers=("value",))
    for piece in pieces:
        if len(piece.points) >= bins.FROM:
            _insert_bins(connection, piece.run, piece.key, bins.bin_points(piece.points))


def _columns(pieces: Sequence[Piece]) -> dict[str, np.ndarray[Any, Any]]:
    lengths = np.array([len(piece.points) for piece in pieces])
    return {
        "run": np.repeat(np.array([piece.run for piece in pieces], dtype=np.int32), lengths),
        "key": np.repeat(np.array([piece.key for piece in pieces], dtype=np.int32), lengths),
        "step": np.concatenate([piece.points.steps for piece in pieces]),
        "time": np.concatenate([piece.points.times for piece in pieces]),
        "value": np.concatenate([piece.points.values for piece in pieces]),
    }


def _insert_bins(connection: DuckDBPyConnection, run: int, key: int, found: Bins) -> None:
    count = len(found.first)
    columns = {
        "run": np.full(count, run, dtype=np.int32),
        "key": np.full(count, key, dtype=np.int32),
        **found._asdict(),
    }
    duck.insert(connection, "bins", columns, numbers=("first", "last", "min", "max", "total"))


def to_merge(segments: Sequence[Segment]) -> list[Segment]:
    """Which segments should be written anew as one; none unless the small ones are many.

    The smallest come first, and a large one stays out as long as it is larger than all that are merged, so that no
    point is copied again before its segment has about doubled.
    """
    small = sorted((one for one in segments if one.points < SMALL), key=lambda one: one.points)
    if len(small) <= MANY:
        return []
    chosen, total = small[:2], small[0].points + small[1].points
    for one in small[2:]:
        if one.points > total and len(small) - len(chosen) < MANY:
            break
        chosen.append(one)
        total += one.points
        if total > SMALL:
            break
    return chosen


def merge_segments(
    folder: Path, chosen: Sequence[Segment], path: Path, alive: Iterable[int], spill: Path
) -> Segment:
    """Write segments anew as one file `path`, without the points of runs that are no more."""
    connection = duck.connect(path, spill=spill, block=_BLOCK)
    try:
        connection.execute(layout.create(layout.SEGMENT) + layout.UNPACKED)
        for at, one in enumerate(chosen):
            duck.attach(connection, folder / one.file, f"s{at}")
        connection.execute("CREATE TEMP TABLE alive (run INTEGER)")
        duck.insert(connection, "alive", {"run": np.array(sorted(alive), dtype=np.int32)})
        together = " UNION ALL ".join(
            f"FROM s{at}.packed SEMI JOIN alive USING (run)" for at in range(len(chosen))
        )
        connection.execute(f'INSERT INTO packed FROM ({together}) ORDER BY "key", run, step, clock')
        connection.execute(_BIN_AGAIN)
        counted = connection.execute("SELECT count(*), min(run), max(run) FROM points").fetchone()
    finally:
        connection.close()
    count, first, last = counted or (0, None, None)
    return Segment(path.name, count, first or 0, last or 0)


_BIN_AGAIN = f"""
    INSERT INTO bins
    SELECT run, "key",
        min(step), arg_min("time", place), arg_min("value", place),
        max(step), arg_max("time", place), arg_max("value", place),
        coalesce(arg_min("value", (known, place)) FILTER (known IS NOT NULL), 'nan'),
        coalesce(arg_min(step, (known, place)) FILTER (known IS NOT NULL), min(step)),
        coalesce(arg_min("time", (known, place)) FILTER (known IS NOT NULL), min("time")),
        coalesce(arg_max("value", (known, -place)) FILTER (known IS NOT NULL), 'nan'),
        coalesce(arg_max(step, (known, -place)) FILTER (known IS NOT NULL), min(step)),
        coalesce(arg_max("time", (known, -place)) FILTER (known IS NOT NULL), min("time")),
        coalesce(sum(known), 0), count(known)
    FROM (
        SELECT *, row_number() OVER (PARTITION BY "key", run ORDER BY step, "time") - 1 AS place,
            CASE WHEN isnan("value") THEN NULL ELSE "value" END AS known
        FROM points SEMI JOIN (
            SELECT "key", run FROM points GROUP BY ALL HAVING count(*) >= {bins.FROM}
        ) USING ("key", run)
    )
    GROUP BY "key", run, place // {bins.SIZE}
    ORDER BY "key", run, place // {bins.SIZE}
"""
