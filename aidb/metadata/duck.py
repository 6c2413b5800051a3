"""The door to DuckDB for the catalog: how databases are opened, filled from columns, and asked.

Nobody else imports it here. (`aidb.inside.tables.duck` has a door of its own, below: it reads people's files, which the
catalog never does.)
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aidb.errors import DamagedObjectError, QueryError, StorageError
from aidb.inside.tables.duck import name, text

__all__ = ["attach", "connect", "first_line", "insert", "name", "query_errors", "storage_errors", "text"]

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection

MEMORY = "1GiB"
"""What one connection may take; beyond it DuckDB spills into its scratch folder."""
THREADS = 4
"""Threads of one connection at most."""

Columns = Mapping[str, "Sequence[Any] | np.ndarray[Any, Any]"]


def connect(
    path: Path | None = None, *, spill: Path | None = None, block: int = 256 << 10
) -> DuckDBPyConnection:
    """Open a database file for writing, or one in memory. Nothing is installed, loaded or looked up by itself.

    A new file has blocks of `block` bytes.
    """
    import os

    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": min(THREADS, os.cpu_count() or 1),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": str(spill or ""),
        "default_block_size": block,
    }
    connection = duckdb.connect(":memory:" if path is None else str(path), config=config)
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    return connection


def attach(connection: DuckDBPyConnection, path: Path, alias: str) -> None:
    """Make a database file readable below `alias`. Raises DamagedObjectError if it is none."""
    import duckdb

    try:
        connection.execute(f"ATTACH {text(path)} AS {name(alias)} (READ_ONLY)")
    except duckdb.Error as error:
        raise DamagedObjectError(f"{path.name} cannot be opened: {first_line(error)}") from None


def insert(
    connection: DuckDBPyConnection, table: str, columns: Columns, *, numbers: Collection[str] = ()
) -> None:
    """Append rows, given as columns. None is NULL, and so is NaN, but in the columns `numbers`, where it is a value."""
    import numpy as np

    if not len(next(iter(columns.values()))):
        return
    rows = {
        key: value if isinstance(value, np.ndarray) else _objects(value) for key, value in columns.items()
    }
    connection.register("incoming", rows)
    try:
        names = ", ".join(map(name, rows))
        values = ", ".join(
            f"coalesce({name(key)}, 'nan'::DOUBLE)" if key in numbers else name(key) for key in rows
        )
        connection.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM incoming")
    finally:
        connection.unregister("incoming")


def _objects(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    import numpy as np

    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


@contextlib.contextmanager
def query_errors(what: str = "the query") -> Iterator[None]:
    """What DuckDB finds wrong with a query becomes a QueryError of one line."""
    import duckdb

    try:
        yield
    except duckdb.InterruptException:
        raise QueryError(
            f"{what} took too long and was stopped", hints=("Ask for less, or allow more time.",)
        ) from None
    except duckdb.OutOfMemoryException:
        raise QueryError(
            f"{what} needs more than {MEMORY} of memory", hints=("Ask for fewer rows or columns.",)
        ) from None
    except (duckdb.Error, UnicodeDecodeError, OverflowError) as error:
        raise QueryError(first_line(error)) from None


@contextlib.contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """What DuckDB finds wrong with the disk becomes a StorageError that says what was being done."""
    import duckdb

    try:
        yield
    except duckdb.IOException as error:
        raise StorageError(f"{doing} failed: {first_line(error)}") from None


def first_line(error: Exception) -> str:
    """DuckDB's complaint in one line, without its kind."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0] if lines else type(error).__name__
    kind, colon, rest = said.partition(": ")
    return rest if colon and kind.endswith("Error") else said
