"""Carries out changes in the working tree: look for losses, remove, write, remember.

Nothing is touched before everything was looked at. Files whose stored content is damaged are left out: nothing wrong
is ever written, everything else is, and `raise_damage` names them once the caller has made the rest stand. So a single
bad chunk never keeps a person from the other 99,999 files.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aidb.errors import DamagedObjectError, IntegrityError
from aidb.files import storage_errors
from aidb.progress import SILENT, Progress
from aidb.types import RepoPath
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.rows import UNKNOWN, exact_row, row_of
from aidb.versioning.workspace.report import counted, some
from aidb.versioning.workspace.tree.content import holds, lstat
from aidb.versioning.workspace.tree.folders import Folders, split
from aidb.versioning.workspace.tree.keeping import keep
from aidb.versioning.workspace.tree.materialise import Materialiser
from aidb.versioning.workspace.tree.safety import Review, refuse_clashes, refuse_losses
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.manifest import Change
    from aidb.versioning.workspace.tree.changes import Changes


@dataclass(slots=True)
class Outcome:
    """What a checkout did to the working tree."""

    written: int = 0
    removed: int = 0
    already: set[bytes] = field(default_factory=set)
    """Paths that held what they were to hold."""
    damaged: dict[RepoPath, IntegrityError] = field(default_factory=dict)


def check_out(
    workspace: Workspace, index: Index, changes: Changes, *, force: bool = False, progress: Progress = SILENT
) -> Outcome:
    """Bring the working tree from the old to the new side of `changes`; rows go to the index, which is not saved.

    Raises WouldOverwriteError before anything is touched, unless `force` allows to throw local work away. Even then it
    is stored first, so that the operation can be taken back.
    """
    with storage_errors("changing the working tree"), Folders(workspace.root) as folders:
        review = Review(folders, index)
        review.go_through(changes)
        if not force:
            refuse_losses(review.at_risk)
        refuse_clashes(changes, workspace.scratch())
        keep(workspace, changes, review)
        if force:
            _remove_files(folders, _obstacles(review.at_risk, changes))
        outcome = Outcome(already=review.done)
        outcome.removed = _remove(folders, index, changes)
        folders.forget()
        if outcome.removed:  # on a file system that ignores case, what was removed may have been one of these
            review.done.difference_update([path for path in review.done if lstat(folders, path) is None])
        _write(workspace, index, changes, review.done, outcome, progress)
        _confirm(folders, index, review.done)
        _drop_outdated(folders, index, changes, outcome.damaged)
    return outcome


def raise_damage(damaged: Mapping[RepoPath, IntegrityError]) -> None:
    """Raise DamagedObjectError naming the paths that could not be written, if there are any."""
    if not damaged:
        return
    first = next(iter(damaged.values()))
    raise DamagedObjectError(
        f"{counted(len(damaged), 'file')} could not be written, all others were: {some(list(damaged))} ({first})",
        hints=(
            "`aidb fsck` names everything that is hit.",
            "Bring the damaged pack back from a copy of .aidb/store, then `aidb restore` the files.",
        ),
    )


def _obstacles(at_risk: Iterable[bytes], changes: Changes) -> set[bytes]:
    """What has to be removed beforehand. The others are replaced when the new file is there, so never missing."""
    obstacles = set(at_risk)
    if obstacles:
        obstacles.difference_update(change.path for change in changes if change.new is not None)
    return obstacles


def _remove(folders: Folders, index: Index, changes: Changes) -> int:
    gone = [change.path for change in changes if change.new is None]
    removed = _remove_files(folders, gone)
    for path in gone:
        index.remove(path)
    return removed


def _remove_files(folders: Folders, paths: Iterable[bytes]) -> int:
    """Unlink files and symlinks that are there, then the folders that this left empty."""
    removed, emptied = 0, set()
    for path in paths:
        folder, name = split(path)
        place = folders.try_open(folder)
        if place is None:
            continue
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            if not stat.S_ISDIR(os.stat(name, dir_fd=place, follow_symlinks=False).st_mode):
                os.unlink(name, dir_fd=place)
                removed += 1
        emptied.add(folder)
    prune(folders, emptied)
    return removed


def prune(folders: Folders, emptied: set[bytes]) -> None:
    """Remove folders that hold nothing any more, and those above that hold nothing else."""
    folders.forget()
    for folder in sorted(emptied, key=len, reverse=True):
        while folder:
            parent, name = split(folder)
            place = folders.try_open(parent)
            if place is None:
                break
            try:
                os.rmdir(name, dir_fd=place)
            except OSError:
                break  # something else lies there, or it is a symlink now
            folder = parent


def _write(
    workspace: Workspace,
    index: Index,
    changes: Changes,
    done: set[bytes],
    outcome: Outcome,
    progress: Progress,
) -> None:
    wanted = (
        (change.path, change.new) for change in changes if change.new is not None and change.path not in done
    )
    task = progress.task("Writing")
    try:
        with Materialiser(workspace.root, workspace.store, workspace.scratch(), task) as materialiser:
            for path, row in materialiser.write(wanted):
                index.set(path, row)
                outcome.written += 1
            outcome.damaged = materialiser.damaged
    finally:
        task.close()


def _confirm(folders: Folders, index: Index, done: Iterable[bytes]) -> None:
    """Files that held the right content already."""
    now = time.time_ns()
    for path in done:
        found = lstat(folders, path)
        index.set(path, UNKNOWN if found is None else row_of(found, now))


def _drop_outdated(
    folders: Folders, index: Index, changes: Changes, damaged: Mapping[RepoPath, object]
) -> None:
    """Where the new version is damaged, the old one must not pass for it; it is still in its commit."""
    for change in changes if damaged else ():
        if change.path not in damaged:
            continue
        found = lstat(folders, change.path)
        if found is not None and change.old != change.new and _is_old(folders, index, change, found):
            _remove_files(folders, [change.path])
        index.set(change.path, UNKNOWN)


def _is_old(folders: Folders, index: Index, change: Change, found: os.stat_result) -> bool:
    return exact_row(found) == index.row(change.path) or holds(folders, change.path, found, change.old)
