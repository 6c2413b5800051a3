"""What the index remembers of a file's `lstat`, packed so that comparing a whole folder is one `==` of bytes.

A *row* is five little-endian int64: mtime_ns, ctime_ns, size, inode, mode. The row of zeros, `UNKNOWN`, equals no
file: what has it is read again. A row is only worth something if every later write to the file must change it, so a
file whose times are as young as the clock's grain is recorded as UNKNOWN (Git calls this "racily clean").
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from itertools import starmap
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is a class
from typing import TYPE_CHECKING, Union

from aidb.types import Kind
from aidb.versioning.workspace.index.glance import ROW_FIELDS, ROW_SIZE

if TYPE_CHECKING:
    from aidb.store.ingest.source import FileStat

ROW = Struct("<5q")
UNKNOWN = bytes(ROW_SIZE)

GRAIN_NS = 20_000_000
"""Two writes closer than this may carry the same time (the kernel's tick is 1 to 10 ms)."""

COARSE_GRAIN_NS = 2_000_000_000
"""The same for file systems that keep whole seconds, or pairs of them."""

_SECOND = 1_000_000_000


AnyStat = Union[os.stat_result, "FileStat"]


def row_of(found: AnyStat, read_at: int) -> bytes:
    """The row of a file whose content was read no earlier than `read_at` (time.time_ns)."""
    return UNKNOWN if is_racy(found, read_at) else exact_row(found)


def rows_of(stats: Sequence[FileStat], read_at: int) -> list[bytes]:
    """The rows of many files. With none of them young, as is most often so, inside C."""
    modified, changed, *_ = zip(*stats, strict=True)
    if max(max(modified), max(changed)) > read_at - COARSE_GRAIN_NS:
        return [row_of(found, read_at) for found in stats]
    try:
        return list(starmap(ROW.pack, stats))
    except StructError:
        return list(map(exact_row, stats))


def exact_row(found: AnyStat) -> bytes:
    """The row itself, racy or not."""
    try:
        return ROW.pack(*ROW_FIELDS(found))
    except StructError:
        return ROW.pack(*map(_signed, ROW_FIELDS(found)))


def is_racy(found: AnyStat, read_at: int) -> bool:
    """Whether a write after `read_at` could have left the file's times as they are."""
    newest = max(found.st_mtime_ns, found.st_ctime_ns)
    if newest <= read_at - COARSE_GRAIN_NS:
        return False
    whole_seconds = found.st_mtime_ns % _SECOND == 0 and found.st_ctime_ns % _SECOND == 0
    return whole_seconds or newest > read_at - GRAIN_NS


def _signed(field: int) -> int:
    """Inode numbers are unsigned; a few file systems use the top bit."""
    return field - (1 << 64) if field >= 1 << 63 else field


def same_file(a: AnyStat, b: AnyStat) -> bool:
    """Whether two looks at a path saw the same file in the same state."""
    return ROW_FIELDS(a) == ROW_FIELDS(b)


def kind_of(mode: int) -> Kind | None:
    """The kind a manifest would record, or None for what is not versioned (folders, sockets, pipes, devices)."""
    if stat.S_ISREG(mode):
        return Kind.EXECUTABLE if mode & stat.S_IXUSR else Kind.FILE
    if stat.S_ISLNK(mode):
        return Kind.SYMLINK
    return None


def special_name(mode: int) -> str | None:
    """What to call a thing that cannot be versioned, or None if it can (or is a folder)."""
    if stat.S_ISSOCK(mode):
        return "socket"
    if stat.S_ISFIFO(mode):
        return "named pipe"
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return "device"
    return None
