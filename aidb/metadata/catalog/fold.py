"""Folding: what was read from journals becomes part of the published catalog.

The owner of the lock writes a segment with the new points and a copy of the database with the new rows, and publishes
that. A crash before the last step leaves files that nobody lists, which a later fold sweeps away.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from aidb.files import storage_errors
from aidb.metadata import duck
from aidb.metadata.catalog import layout, published, segments
from aidb.metadata.catalog.looking import Seen
from aidb.metadata.catalog.news import News
from aidb.metadata.catalog.rows import write_books, write_rows
from aidb.metadata.catalog.segments import Segment

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


_BLOCK = 16 << 10
"""Bytes of a block of the database: each of its tables takes some, however few rows it has."""


def fold(folder: Path, scratch: Path, base: str | None, seen: Mapping[str, Seen], news: News) -> None:
    """Publish the database `base` with the news in it; `seen` is how all journals looked. The caller holds the lock."""
    with storage_errors("making a folder for the catalog"):
        folder.mkdir(exist_ok=True)
    with duck.storage_errors("folding in what runs logged"):
        listed, database = _write(folder, scratch, base, seen, news)
    published.publish(folder, scratch, database)
    published.sweep(folder, {database.name, *(one.file for one in listed)})


def _write(
    folder: Path, scratch: Path, base: str | None, seen: Mapping[str, Seen], news: News
) -> tuple[list[Segment], Path]:
    """The new segments, placed, and the new database, not yet published."""
    database = scratch / segments.new_name()
    if base is not None:
        shutil.copyfile(folder / base, database)
    connection = duck.connect(database, block=_BLOCK)
    try:
        if base is None:
            connection.execute(layout.create(layout.TABLES | layout.BOOKS))
        _apply(connection, seen, news)
        listed = _write_points(connection, folder, scratch, news)
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
    return listed, database


def _apply(connection: DuckDBPyConnection, seen: Mapping[str, Seen], news: News) -> None:
    connection.execute("BEGIN")
    if news.replaced:
        connection.execute("CREATE TEMP TABLE replaced (run INTEGER)")
        duck.insert(connection, "replaced", {"run": np.array(sorted(news.replaced), dtype=np.int32)})
        for table in (*layout.TABLES, "records"):
            connection.execute(f"DELETE FROM {table} WHERE run IN (FROM replaced)")
    records = list(news.records.values())
    write_rows(connection, "", records)
    write_books(connection, records)
    duck.insert(connection, "keys", {"key": list(news.keys.values()), "name": list(news.keys)})
    connection.execute("DELETE FROM books")
    connection.execute("INSERT INTO books VALUES (?, ?)", [layout.SCHEMA, msgspec.msgpack.encode(dict(seen))])
    connection.execute("COMMIT")


def _write_points(connection: DuckDBPyConnection, folder: Path, scratch: Path, news: News) -> list[Segment]:
    """Write the new segment, put small ones together, and list what there is now."""
    listed = [Segment(*row) for row in connection.execute("FROM segments").fetchall()]
    if pieces := news.pieces():
        file = scratch / segments.new_name()
        listed.append(segments.write_segment(file, pieces))
        published.place(folder, file)
    if chosen := segments.to_merge(listed):
        alive = [run for (run,) in connection.execute("SELECT run FROM runs").fetchall()]
        file = scratch / segments.new_name()
        made = segments.merge_segments(folder, chosen, file, alive, scratch / "spill")
        published.place(folder, file)
        listed = [one for one in listed if one not in chosen] + [made]
    connection.execute("DELETE FROM segments")
    _list(connection, [one for one in listed if one.points])
    return listed


def _list(connection: DuckDBPyConnection, listed: Iterable[Segment]) -> None:
    for one in listed:
        connection.execute("INSERT INTO segments VALUES (?, ?, ?, ?)", list(one))
