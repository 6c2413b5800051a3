"""Before a checkout: what in the working tree would be lost, and what the file system cannot tell apart.

A path may be overwritten or removed if it is absent, if the index recognises it as unchanged, or if its content is
what it is supposed to be before or after. Everything else is somebody's work.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.errors import InvalidPathError, WouldOverwriteError
from aidb.types import Entry, RepoPath, show_path
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.rows import exact_row
from aidb.versioning.workspace.report import some
from aidb.versioning.workspace.tree.clashes import folded
from aidb.versioning.workspace.tree.content import holds, lstat
from aidb.versioning.workspace.tree.folders import Folders, join, parents, split

if TYPE_CHECKING:
    from aidb.versioning.manifest import Change

_BATCH = 4096


class Review:
    """Goes through changes before they are made."""

    def __init__(self, folders: Folders, index: Index) -> None:
        self._folders = folders
        self._index = index
        self.at_risk: list[bytes] = []
        self.done: set[bytes] = set()
        """Paths that already hold what they are to hold."""
        self.found: dict[RepoPath, Entry | None] = {}
        """What paths hold that is neither at risk nor what the change says that they held."""
        self.changes = 0
        """How many changes there are."""

    def go_through(self, changes: Iterable[Change]) -> None:
        """Fill `at_risk` and `done`."""
        removed: set[bytes] | None = None
        absent: bytes | None = None
        for change in possible(changes):
            self.changes += 1
            folder = split(change.path)[0]
            if folder == absent:
                self._is_absent(change)
                continue
            place, blocker = self._place(change.path)
            if place is None:
                self._is_absent(change)
            if blocker is not None:
                if removed is None:
                    removed = {other.path for other in changes if other.new is None}
                if change.new is not None and blocker not in removed:
                    self.at_risk.append(blocker)
            elif place is not None:
                self._look(change, place)
            else:
                absent = folder
        if self.at_risk:
            self._forgive_renames(changes)

    def _is_absent(self, change: Change) -> None:
        if change.old is not None:
            self.found[change.path] = None

    def _forgive_renames(self, changes: Iterable[Change]) -> None:
        """Where the file system ignores case, `a` stands at `A` as well; being renamed, it is not in its own way."""
        leaving = {folded(os.fsdecode(change.path)): change.path for change in changes if change.new is None}
        lost = set(self.at_risk)

        def is_leaving(path: bytes) -> bool:
            other = leaving.get(folded(os.fsdecode(path)), path)
            return other != path and other not in lost and self._same_inode(path, other)

        self.at_risk = [path for path in self.at_risk if not is_leaving(path)]

    def _same_inode(self, path: bytes, other: bytes) -> bool:
        one, two = lstat(self._folders, path), lstat(self._folders, other)
        return one is not None and two is not None and (one.st_ino, one.st_dev) == (two.st_ino, two.st_dev)

    def _place(self, path: bytes) -> tuple[int | None, bytes | None]:
        """The open folder of a path; or the file or symlink that stands where a folder is needed."""
        folder = split(path)[0]
        try:
            return self._folders.open(folder), None
        except FileNotFoundError:
            return None, None
        except NotADirectoryError:
            for parent in parents(path):
                found = lstat(self._folders, parent)
                if found is not None and not stat.S_ISDIR(found.st_mode):
                    return None, parent
            raise

    def _look(self, change: Change, place: int) -> None:
        path = change.path
        try:
            found = os.stat(split(path)[1], dir_fd=place, follow_symlinks=False)
        except FileNotFoundError:
            self._is_absent(change)
            return
        if stat.S_ISDIR(found.st_mode):
            self._is_absent(change)
            if change.new is not None:
                self.at_risk.extend(self._untracked_below(path))
        elif self._index.row(path) == exact_row(found):
            if change.old == change.new:
                self.done.add(path)
        elif holds(self._folders, path, found, change.new):
            self.done.add(path)
            if change.new != change.old:
                self.found[path] = change.new
        elif not holds(self._folders, path, found, change.old):
            self.at_risk.append(path)

    def _untracked_below(self, folder: bytes) -> Iterator[bytes]:
        """Files in a folder that is to become a file. The tracked ones are changes of their own."""
        stack = [folder]
        while stack:
            here = stack.pop()
            with os.scandir(self._folders.open(here)) as entries:
                for entry in list(entries):
                    path = join(here, os.fsencode(entry.name))
                    if entry.is_dir(follow_symlinks=False):
                        stack.append(path)
                    elif path not in self._index:
                        yield path


def possible(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes as they come, in path order. Raises InvalidPathError if a new path is both file and folder.

    Only a forged version has such paths; nothing else that reads one would notice in time.
    """
    from aidb.versioning.manifest.order import PathOrder

    order, rest = PathOrder(), iter(changes)
    while batch := list(islice(rest, _BATCH)):
        if new := [change.path for change in batch if change.new is not None]:
            order.check(new)
        yield from batch


def refuse_losses(at_risk: list[bytes]) -> None:
    """Raise WouldOverwriteError if there is anything to lose."""
    if at_risk:
        paths = sorted(set(at_risk))
        raise WouldOverwriteError(
            f"this would overwrite uncommitted work: {some(paths)}",
            paths=tuple(show_path(path) for path in paths),
            hints=(
                "Commit it first (`aidb add`, `aidb commit`), or move it out of the way.",
                "The same command with --force throws it away.",
            ),
        )


def refuse_clashes(changes: Iterable[Change], scratch: Path) -> None:
    """Raise InvalidPathError if the file system takes two of the new paths for one. Free where it does not fold."""
    if not folds_names(scratch):
        return
    first: dict[str, bytes] = {}
    for change in changes:
        if change.new is None:
            continue
        for path in (*parents(change.path), change.path):
            known = first.setdefault(folded(os.fsdecode(path)), path)
            if known != path:
                raise InvalidPathError(
                    f"{show_path(known)} and {show_path(path)} are one name on this file system",
                    hints=(
                        "Check the version out on a file system that tells them apart, or rename one of them.",
                    ),
                )


def folds_names(folder: Path) -> bool:
    """Whether the file system of `folder` ignores case or the Unicode spelling of names (as on macOS)."""
    token = os.urandom(6).hex()
    probe, others = folder / f"Aé{token}", (f"aé{token}", f"Ae\u0301{token}")
    with contextlib.suppress(OSError):
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        return any(os.path.lexists(folder / other) for other in others)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(probe)
