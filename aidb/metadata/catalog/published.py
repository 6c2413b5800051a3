"""The published catalog: a database file that never changes, and a small file that names it.

    .aidb/catalog/current        {"schema": 1, "database": "3f….duckdb"}
    .aidb/catalog/<id>.duckdb    the tables, and the segments they list

Every version has a name of its own, so that a reader keeps what it has open while the next one is published, and a
network file system never serves two files under one name. What is replaced stays for `GRACE` seconds for readers that
know its name and have not opened it yet.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aidb.errors import DamagedObjectError
from aidb.files import fsync_directory, storage_errors, write_atomic
from aidb.metadata import duck
from aidb.metadata.catalog import layout

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

GRACE = 600.0
"""Seconds for which a replaced file stays."""

_CURRENT = "current"
_NAME = re.compile(r"[0-9a-f]{16}\.duckdb")


class _Current(msgspec.Struct):
    schema: int
    database: str


def current(folder: Path) -> str | None:
    """The name of the published database; None if there is none that this version reads."""
    try:
        found = msgspec.json.decode((folder / _CURRENT).read_bytes(), type=_Current)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    usable = found.schema == layout.SCHEMA and _NAME.fullmatch(found.database)
    return found.database if usable and (folder / found.database).exists() else None


def open_current(connection: DuckDBPyConnection, folder: Path, alias: str) -> str | None:
    """Attach the published database; None, and nothing attached, if there is none that can be read."""
    for _ in range(
        3
    ):  # it may be replaced and, after a long sleep of this process, removed between two steps
        name = current(folder)
        if name is None:
            return None
        try:
            duck.attach(connection, folder / name, alias)
        except DamagedObjectError:
            if current(folder) == name:
                return None
        else:
            return name
    return None


def publish(folder: Path, scratch: Path, database: Path) -> None:
    """Give a finished database its name in `folder` and make it the current one."""
    with storage_errors("publishing the catalog"):
        place(folder, database)
        fsync_directory(folder)
    told = msgspec.json.encode(_Current(layout.SCHEMA, database.name))
    write_atomic(folder / _CURRENT, told, scratch=scratch)


def place(folder: Path, file: Path) -> None:
    """Make a finished file durable and move it into `folder`, whose readers see all of it or nothing."""
    fd = os.open(file, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(file, folder / file.name)


def sweep(folder: Path, keep: Collection[str], now: Callable[[], float] = time.time) -> None:
    """Remove the files of earlier versions, once nobody can be about to open them."""
    for entry in os.scandir(folder):
        if not _NAME.fullmatch(entry.name.removesuffix(".wal")) or entry.name in keep:
            continue
        # Its own time is when it was written; how long it was current does not matter to a reader of the next one.
        try:
            if now() - entry.stat().st_mtime > GRACE:
                os.unlink(entry.path)
        except FileNotFoundError:
            continue
