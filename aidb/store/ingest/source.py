"""What goes into an ingest and what comes out; opening a file without being led astray.

A source must be a regular file itself: a symlink in its place is refused (the last component only; the folders above
are the caller's business), and opening a FIFO or a device does not block.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from aidb.errors import AidbError, InvalidInputError, InvalidPathError, StorageError
from aidb.types import Blob, show_path

OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Source(NamedTuple):
    """A file to store: its absolute path, whatever the caller wants to recognise it by, and what `lstat` said of it.

    With `expected`, an unchanged file costs one system call less. `base` tells what a checkpoint grew out of, if
    anything; it is asked when the results of all sources before have been handed out.
    """

    path: bytes
    key: Any = None
    expected: os.stat_result | None = None
    base: Callable[[], Blob | None] | None = None


class FileStat(NamedTuple):
    """What tells one state of a file from another, under the names that `os.stat_result` has for it."""

    st_mtime_ns: int
    st_ctime_ns: int
    st_size: int
    st_ino: int
    st_mode: int


def file_stat(info: os.stat_result) -> FileStat:
    """The part of a stat that is kept."""
    return new_stat(_fields(info))


_fields = attrgetter(*FileStat._fields)
_identity = attrgetter("st_mtime_ns", "st_ctime_ns", "st_size", "st_ino")
# A named tuple's own constructors are Python functions; these are not, and for many small files it counts.
new_stat = partial(tuple.__new__, FileStat)
new_source = partial(tuple.__new__, Source)


class Ingested(NamedTuple):
    """The outcome for one source.

    `stat` is of the file that was read, taken after reading it. `changed_while_read` says that the blob may mix two
    versions of the file: read it again. With `error`, `blob` and `stat` are None.
    """

    key: Any
    blob: Blob | None
    stat: FileStat | None
    changed_while_read: bool = False
    error: AidbError | None = None


def check_regular(path: bytes, info: os.stat_result) -> None:
    """Raises InvalidInputError for a FIFO, a device, a socket or a folder."""
    if not stat.S_ISREG(info.st_mode):
        raise InvalidInputError(
            f"{show_path(path)} is not a regular file",
            hints=("Only regular files and symbolic links can be stored: list it in .aidbignore.",),
        )


def is_same(before: os.stat_result, after: os.stat_result) -> bool:
    """Whether nothing says that the file changed between two stats."""
    return bool(_identity(before) == _identity(after))


def reading_failed(path: bytes, error: Exception) -> AidbError:
    """What became of one source, its name in it once and safe to print."""
    if isinstance(error, AidbError):
        return error
    if not isinstance(error, OSError):
        return InvalidPathError(f"{show_path(path)} contains a NUL byte")
    wrapped = StorageError.from_os_error(OSError(error.errno, error.strerror), f"reading {show_path(path)}")
    wrapped.__cause__ = error
    return wrapped
