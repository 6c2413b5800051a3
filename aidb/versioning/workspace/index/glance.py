"""Which files of a folder are not as the index says: the loop that `status` of a large tree spends its time in.

Run as a script, this file is a helper process that looks at a share of the folders (`tree/helpers.py` starts it). It
then has to be up in some 10 ms, so it imports nothing of aidb and only what is small of the standard library.
"""

from __future__ import annotations

import marshal
import os
import sys
from array import array
from collections.abc import Iterator
from functools import partial
from itertools import chain, compress
from operator import attrgetter, ne
from struct import iter_unpack

ROW_FIELDS = attrgetter("st_mtime_ns", "st_ctime_ns", "st_size", "st_ino", "st_mode")
"""What a row consists of (`rows.py`)."""

ROW_SIZE = 40

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
INDEX_FD = 3
"""Where a helper finds the index file open."""

Glance = tuple[list[str] | None, list[str]]
"""What a folder holds, sorted, or None if that is just what leads to tracked files; and the tracked names whose files
are gone or have another row."""

AS_KNOWN: Glance = (None, [])


def rows_on_disk(names: list[str], folder: int) -> bytes:
    """The rows of the files `names` of an open folder. OSError if one is missing. Runs in C throughout."""
    lstat = partial(os.stat, dir_fd=folder, follow_symlinks=False)
    numbers = array("q", chain.from_iterable(map(ROW_FIELDS, map(lstat, names))))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def split_block(data: bytes) -> tuple[bytes, bytes]:
    """The names and the rows of an encoded block."""
    rows_at = 8 + int.from_bytes(data[4:8], "little")
    return data[8:rows_at], data[rows_at:]


def glance(place: int, names: list[str], subfolders: list[str], rows: bytes) -> Glance:
    """Compare an open folder with the `names` and `rows` of its tracked files, both sorted.

    `subfolders` are the folders in it that lead to tracked files. Raises OSError if it cannot be listed.
    """
    listing = sorted(os.listdir(place))
    as_known = listing == names if not subfolders else listing == sorted(names + subfolders)
    return None if as_known else listing, _changed(place, names, rows)


def _changed(place: int, names: list[str], rows: bytes) -> list[str]:
    try:
        found = rows_on_disk(names, place)
    except (OSError, OverflowError):
        return [
            name for name, (row,) in zip(names, _single_rows(rows), strict=True) if _differs(place, name, row)
        ]
    if found == rows:
        return []
    return list(compress(names, map(ne, _single_rows(found), _single_rows(rows))))


def _single_rows(rows: bytes) -> Iterator[tuple[bytes]]:
    return iter_unpack(f"{ROW_SIZE}s", rows)


def _differs(place: int, name: str, row: bytes) -> bool:
    try:
        return rows_on_disk([name], place) != row
    except (OSError, OverflowError):
        return True


def _open(root: int, path: bytes) -> int:
    """A folder, reached without following a symlink."""
    here = os.dup(root)
    for name in path.split(b"/") if path else ():
        inner = os.open(name, FOLDER_FLAGS, dir_fd=here)
        os.close(here)
        here = inner
    return here


def _look(root: int, path: bytes, subfolders: list[str], offset: int, length: int) -> Glance | None:
    try:
        place = _open(root, path)
    except OSError:
        return None
    try:
        names, rows = split_block(os.pread(INDEX_FD, length, offset))
        return glance(place, os.fsdecode(names).split("\0") if names else [], subfolders, rows)
    except OSError:
        return None
    finally:
        os.close(place)


def main() -> None:
    """Read a root and jobs from standard input, answer each with a `Glance`, or None if there is nothing to tell."""
    root, jobs = marshal.load(sys.stdin.buffer)
    top = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    with open(1, "wb", buffering=1 << 16) as answers:
        for job in jobs:
            marshal.dump(_look(top, *job), answers)


if __name__ == "__main__":
    main()
