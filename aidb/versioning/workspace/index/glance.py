"""Whether folders are exactly as the index says: the loop that `status` of a clean tree spends its time in.

Run as a script, this file is a helper process that looks at a share of the folders (`tree/helpers.py` starts it). It
then has to be up in some 10 ms, so it imports nothing of aidb and only what is small of the standard library.
"""

from __future__ import annotations

import marshal
import os
import sys
from array import array
from functools import partial
from itertools import chain
from operator import attrgetter

ROW_FIELDS = attrgetter("st_mtime_ns", "st_ctime_ns", "st_size", "st_ino", "st_mode")
"""What a row consists of (`rows.py`)."""

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
INDEX_FD = 3
"""Where a helper finds the index file open."""

UNCHANGED = 1


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


def is_unchanged(
    place: int, listing: list[str], names: list[str], subfolders: list[str], rows: bytes
) -> bool:
    """Whether an open folder with this sorted `listing` holds the tracked files, as they were, and nothing else.

    `subfolders` are the folders in it that lead to tracked files.
    """
    if (subfolders or listing != names) and listing != sorted(names + subfolders):
        return False
    try:
        return rows_on_disk(names, place) == rows
    except (OSError, OverflowError):
        return False


def _open(root: int, path: bytes) -> int:
    """A folder, reached without following a symlink."""
    here = os.dup(root)
    for name in path.split(b"/") if path else ():
        inner = os.open(name, FOLDER_FLAGS, dir_fd=here)
        os.close(here)
        here = inner
    return here


def _look(root: int, path: bytes, subfolders: list[str], offset: int, length: int) -> int:
    try:
        place = _open(root, path)
    except OSError:
        return 0
    try:
        names, rows = split_block(os.pread(INDEX_FD, length, offset))
        listing = sorted(os.listdir(place))
        return UNCHANGED * is_unchanged(place, listing, os.fsdecode(names).split("\0"), subfolders, rows)
    except OSError:
        return 0
    finally:
        os.close(place)


def main() -> None:
    """Read a root and jobs from standard input, answer with a byte for each."""
    root, jobs = marshal.load(sys.stdin.buffer)
    top = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    answer = memoryview(bytes(_look(top, *job) for job in jobs))
    while answer:
        answer = answer[os.write(1, answer) :]


if __name__ == "__main__":
    main()
