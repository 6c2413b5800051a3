"""The only module that knows DuckDB: a database in memory that spills into scratch and loads nothing by itself."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aidb.errors import StorageError, UnreadableContentError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "1GiB"
"""What DuckDB may take; beyond it spills, or gives up."""
_MOST_THREADS = 8
"""More threads would share the memory into parts too small to work with."""
_BATCH = 10_000
_DISK_ERRORS = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.EACCES)
_OUR_FILE = re.compile(r"(file )?['\"]?[^\s'\"]*inside-[0-9a-f]{16}['\"]?", re.IGNORECASE)


class Duck:
    """Runs SQL. What DuckDB finds wrong with a file becomes an UnreadableContentError of one line, what the disk
    refuses a StorageError."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection

    def run(self, sql: str) -> None:
        """Run a statement."""
        with _duck_errors():
            self._connection.execute(sql)

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of an answer that is known to be short; `parameters` stand for the question marks."""
        with _duck_errors():
            return self._connection.execute(sql, list(parameters)).fetchall()

    def one(self, sql: str) -> tuple[Any, ...]:
        """The only row of an answer."""
        return self.all(sql)[0]

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of an answer of any length. No other statement may run before its end."""
        with _duck_errors():
            self._connection.execute(sql)
            while batch := self._connection.fetchmany(_BATCH):
                yield from batch


@contextlib.contextmanager
def duck(scratch: Path) -> Iterator[Duck]:
    """A new database; what it spills lies below `scratch` and is removed. Raises UnreadableContentError without it."""
    try:
        import duckdb
    except ImportError:
        raise UnreadableContentError(
            "DuckDB is not installed", hints=("`pip install 'aidb[tables]'` brings it.",)
        ) from None
    spill = scratch / f"duckdb-{os.urandom(8).hex()}"
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": min(_MOST_THREADS, os.cpu_count() or 1),
        "temp_directory": str(spill),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": True,
    }
    connection = duckdb.connect(":memory:", config=config)
    try:
        # The zone of whoever looks must not change what a file is said to hold.
        connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        yield Duck(connection)
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


@contextlib.contextmanager
def _duck_errors() -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException:
        raise UnreadableContentError(f"it needs more than {MEMORY} of memory") from None
    except (duckdb.Error, UnicodeDecodeError, OverflowError) as error:
        if (refused := _by_the_disk(error)) is not None:
            raise StorageError.from_os_error(refused, "looking inside a table") from None
        raise UnreadableContentError(_first_line(error)) from None


def _by_the_disk(error: Exception) -> OSError | None:
    """What the disk said, if it is that and not the file that is at fault: DuckDB repeats the system's words."""
    text = str(error)
    numbers = (number for number in _DISK_ERRORS if text.endswith(os.strerror(number)))
    return next((OSError(number, os.strerror(number)) for number in numbers), None)


def _first_line(error: Exception) -> str:
    """DuckDB's complaint, without its kind and without the name of our temporary file."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    kind, colon, rest = text.partition(": ")
    return _OUR_FILE.sub("the file", rest if colon and kind.endswith("Error") else text)


def name(column: str) -> str:
    """A column's name in SQL."""
    return '"' + column.replace('"', '""') + '"'


def text(value: str | os.PathLike[str]) -> str:
    """A text in SQL."""
    return "'" + os.fspath(value).replace("'", "''") + "'"


def sorting(cell: str) -> str:
    """Expressions that sort cells as people do, numbers by their value also where they are written as text."""
    return f"TRY_CAST({cell}::VARCHAR AS DOUBLE), {cell}"


def listed(parts: Sequence[str]) -> str:
    """Expressions separated by commas."""
    return ", ".join(parts)
