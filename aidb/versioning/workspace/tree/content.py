"""What a path of the working tree holds now, as a manifest would record it; and whether that is a given entry.

Read through open folders, so that no symlink is followed. Nothing is stored: this is how local changes are told from
files that only look changed.
"""

from __future__ import annotations

import errno
import os
import stat

from blake3 import blake3

from aidb.errors import FileChangedError, StorageError
from aidb.types import Entry, ObjectId, show_path
from aidb.versioning.workspace.index.rows import kind_of, same_file
from aidb.versioning.workspace.tree.folders import Folders, split

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_WINDOW = 1 << 20
_ATTEMPTS = 3

UNREAD = ObjectId(b"")
"""Stands for the id of content that was not read, because its size already tells that it differs."""


def lstat(folders: Folders, path: bytes) -> os.stat_result | None:
    """What is at a path, not following symlinks on the way or at the end; None if there is nothing."""
    folder, name = split(path)
    try:
        return os.stat(name, dir_fd=folders.open(folder), follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


def holds(folders: Folders, path: bytes, found: os.stat_result, entry: Entry | None) -> bool:
    """Whether the file or symlink `found` at `path` has exactly the kind and content of `entry`."""
    if entry is None or kind_of(found.st_mode) != entry.kind or found.st_size != entry.size:
        return False
    return content_id(folders, path, found) == entry.blob


def entry_on_disk(folders: Folders, path: bytes, found: os.stat_result, known: Entry | None) -> Entry | None:
    """The entry that `add` would stage, but for its recipe; None for what it would not.

    Not read, and its blob UNREAD, if the size already differs from that of `known`.
    """
    kind = kind_of(found.st_mode)
    if kind is None:
        return None
    if known is None or known.size != found.st_size:
        return Entry(kind, found.st_size, UNREAD, None)
    try:
        blob = content_id(folders, path, found)
    except StorageError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return None  # gone since it was seen
        raise
    return Entry(kind, found.st_size, blob, known.recipe if blob == known.blob else None)


def content_id(folders: Folders, path: bytes, found: os.stat_result) -> ObjectId:
    """BLAKE3 of a file's bytes or of a symlink's target. Raises StorageError, FileChangedError."""
    folder, name = split(path)
    try:
        place = folders.open(folder)
        if stat.S_ISLNK(found.st_mode):
            return ObjectId(blake3(os.readlink(name, dir_fd=place)).digest())
        return _hash_steadily(place, name, path)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError.from_os_error(error, f"reading {show_path(path)}") from error


def _hash_steadily(place: int, name: bytes, path: bytes) -> ObjectId:
    fd = os.open(name, _OPEN, dir_fd=place)
    try:
        for _ in range(_ATTEMPTS):
            before = os.fstat(fd)
            digest = _hash(fd)
            if same_file(before, os.fstat(fd)):
                return digest
    finally:
        os.close(fd)
    raise FileChangedError(
        f"{show_path(path)} changed each time it was read", hints=("Try again when it rests.",)
    )


def _hash(fd: int) -> ObjectId:
    hasher = blake3()
    offset = 0
    while piece := os.pread(fd, _WINDOW, offset):
        hasher.update(piece)
        offset += len(piece)
    return ObjectId(hasher.digest())
