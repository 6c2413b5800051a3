"""Stores what some files of the working tree hold now, outside of what is staged.

For work that a command is about to overwrite, and for work that is put aside.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.errors import FileChangedError
from aidb.types import Entry, Kind, RepoPath, show_path
from aidb.versioning.workspace.index.rows import kind_of
from aidb.versioning.workspace.tree.content import lstat
from aidb.versioning.workspace.tree.folders import Folders, split

if TYPE_CHECKING:
    from aidb.store import StoreWriter

_ATTEMPTS = 3


@dataclass(slots=True)
class Captured:
    """What was stored, by path, and what was not: too large, unreadable, or nothing that a version can hold."""

    entries: dict[RepoPath, Entry] = field(default_factory=dict)
    left: list[RepoPath] = field(default_factory=list)


def capture(root: Path, writer: StoreWriter, paths: Iterable[bytes], *, most_bytes: int = 0) -> Captured:
    """Store the files and symlinks at `paths`; those that are not there are passed over.

    Files of more than `most_bytes` are left, if that is not 0. Raises FileChangedError if a file does not come to rest.
    """
    captured = Captured()
    waiting: list[RepoPath] = []
    with Folders(root) as folders:
        for path in map(RepoPath, paths):
            found = lstat(folders, path)
            if found is None or stat.S_ISDIR(found.st_mode):
                continue
            kind = kind_of(found.st_mode)
            if kind is Kind.SYMLINK:
                captured.entries[path] = _store_link(folders, writer, path)
            elif kind is None or (most_bytes and found.st_size > most_bytes):
                captured.left.append(path)
            else:
                waiting.append(path)
    for _ in range(_ATTEMPTS):
        if waiting:
            waiting = _store_files(root, writer, waiting, captured)
    if waiting:
        raise FileChangedError(
            f"{show_path(waiting[0])} changed each time it was read",
            hints=("Wait until the program that writes it has finished, then run the same command again.",),
        )
    return captured


def _store_link(folders: Folders, writer: StoreWriter, path: RepoPath) -> Entry:
    folder, name = split(path)
    blob = writer.put_blob(os.readlink(name, dir_fd=folders.open(folder)))
    return Entry(Kind.SYMLINK, blob.size, blob.id, blob.recipe)


def _store_files(
    root: Path, writer: StoreWriter, files: list[RepoPath], captured: Captured
) -> list[RepoPath]:
    """Store regular files; those that changed while they were read are returned, to be read again."""
    from aidb.store import Source

    again: list[RepoPath] = []
    base = os.fsencode(root) + b"/"
    for item in writer.ingest(Source(base + path, path) for path in files):
        path: RepoPath = item.key
        if item.changed_while_read:
            again.append(path)
        elif item.blob is None or item.stat is None:
            captured.left.append(path)
        else:
            kind = Kind.EXECUTABLE if item.stat.st_mode & stat.S_IXUSR else Kind.FILE
            captured.entries[path] = Entry(kind, item.blob.size, item.blob.id, item.blob.recipe)
    return again
