"""`mv`: rename tracked files and folders, in the working tree and in the next version. No content is read or copied.

What was renamed already, by hand or by a `mv` that was killed, is recorded as renamed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import InvalidPathError, PathNotFoundError, WouldOverwriteError
from aidb.files import storage_errors
from aidb.types import RepoPath, decode_path, repo_path, show_path
from aidb.versioning.operations import Rename
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.rows import UNKNOWN, exact_row
from aidb.versioning.workspace.report import named
from aidb.versioning.workspace.staging import Staging
from aidb.versioning.workspace.targets import Given, target, targets
from aidb.versioning.workspace.tree.checkout import prune
from aidb.versioning.workspace.tree.content import lstat
from aidb.versioning.workspace.tree.folders import Folders, join, parents, split
from aidb.versioning.workspace.tree.keeping import keep_one
from aidb.versioning.workspace.tree.safety import refuse_losses
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.types import Entry


class _Rename(NamedTuple):
    """One file or folder on disk."""

    old: RepoPath
    new: RepoPath


def move(
    workspace: Workspace, sources: Given, to: str | os.PathLike[str], *, force: bool = False
) -> list[tuple[str, str]]:
    """Rename one path to `to`, or move several into the folder `to`; return (old, new) for every tracked file.

    Raises PathNotFoundError for what is not tracked or not there, WouldOverwriteError if a file is in the way (unless
    `force`), InvalidPathError if a folder would be moved into itself.
    """
    given = targets(workspace.root, sources)
    goal = target(workspace.root, to)
    about = f"{named(given)} to {show_path(goal) or '.'}"
    with workspace.changing("mv", about) as index, Folders(workspace.root) as folders:
        renames = _plan(index, folders, given, goal, os.fspath(to).endswith("/"))
        for rename in renames:
            _check(index, folders, rename, force=force)
        _note(workspace, folders, renames)
        moved: list[tuple[str, str]] = []
        with Staging(workspace, index) as staging:
            for rename in renames:
                moved += _carry_out(workspace.root, index, folders, staging, rename)
            staging.save()
        return moved


def _plan(
    index: Index, folders: Folders, sources: list[bytes], to: bytes, must_be_folder: bool
) -> list[_Rename]:
    found = lstat(folders, to) if to else None
    into = not to or (found is not None and stat.S_ISDIR(found.st_mode))
    if not into and (len(sources) > 1 or must_be_folder):
        raise PathNotFoundError(
            f"there is no folder {show_path(to)} to move into", hints=("Make it with `mkdir`.",)
        )
    if (
        to
        and len(sources) == 1
        and _is_done(index, folders, renamed := _Rename(RepoPath(sources[0]), repo_path(to)))
    ):
        return [renamed]
    return [_Rename(RepoPath(old), repo_path(join(to, split(old)[1]) if into else to)) for old in sources]


def _is_done(index: Index, folders: Folders, rename: _Rename) -> bool:
    """Whether everything tracked at the old place is gone from there, and is, untracked, at the new one."""
    files = _tracked(index, rename.old)
    if not files or lstat(folders, rename.old) is not None:
        return False
    moved = [_moved(rename, path) for path in files]
    return not any(path in index or lstat(folders, path) is None for path in moved)


def _tracked(index: Index, path: RepoPath) -> list[RepoPath]:
    return [path] if path in index else [RepoPath(below) for below in index.tracked_below(path)]


def _moved(rename: _Rename, path: RepoPath) -> RepoPath:
    return RepoPath(rename.new + path[len(rename.old) :])


def _check(index: Index, folders: Folders, rename: _Rename, *, force: bool) -> None:
    old, new = rename
    if not old or (old not in index and not index.is_folder(old)):
        raise PathNotFoundError(f"{show_path(old) or '.'} is not tracked", hints=("`aidb add` it first.",))
    if _is_done(index, folders, rename):
        return
    if lstat(folders, old) is None:
        raise PathNotFoundError(
            f"{show_path(old)} is not there", hints=(f"`aidb restore {show_path(old)}` brings it back.",)
        )
    if old == new or old in parents(new):
        raise InvalidPathError(
            f"{show_path(old)} cannot be moved to {show_path(new)}: that is itself or inside it"
        )
    there = lstat(folders, new)
    if there is not None and (not force or stat.S_ISDIR(there.st_mode)):
        raise WouldOverwriteError(
            f"{show_path(new)} is there already",
            paths=(show_path(new),),
            hints=("Choose another name, or replace a file with `aidb mv --force`.",),
        )


def _note(workspace: Workspace, folders: Folders, renames: list[_Rename]) -> None:
    """Tell the operation log, and store what is about to be replaced."""
    for _, new in renames:
        found = lstat(folders, new)
        if found is not None and not stat.S_ISDIR(found.st_mode):
            keep_one(workspace, new)
    pending = [Rename(old, new) for old, new in renames if lstat(folders, old) is not None]
    if pending and (recording := workspace.operation_log.current) is not None:
        recording.rename(pending)


def _carry_out(
    root: Path, index: Index, folders: Folders, staging: Staging, rename: _Rename
) -> list[tuple[str, str]]:
    files = _tracked(index, rename.old)
    entries = [(path, staging.entry(path), _row_if_unchanged(index, folders, path)) for path in files]
    if not _is_done(index, folders, rename):
        _rename_on_disk(root, folders, rename)
    moved = []
    for path, entry, row in entries:
        new = _moved(rename, path)
        _restage(folders, staging, path, new, entry, row)
        moved.append((decode_path(path), decode_path(new)))
    return moved


def _row_if_unchanged(index: Index, folders: Folders, path: RepoPath) -> bool:
    found = lstat(folders, path)
    return found is not None and index.row(path) == exact_row(found)


def _rename_on_disk(root: Path, folders: Folders, rename: _Rename) -> None:
    (old_folder, old_name), (new_folder, new_name) = split(rename.old), split(rename.new)
    with storage_errors(f"moving {show_path(rename.old)}"), Folders(root) as others:
        source = folders.open(old_folder)
        os.rename(old_name, new_name, src_dir_fd=source, dst_dir_fd=others.open(new_folder, make=True))
    folders.forget()


def rename_back(workspace: Workspace, renames: Sequence[Rename]) -> None:
    """Take renames back on disk, the last one first; what is there already, or gone from there, is left alone.

    Raises WouldOverwriteError, before anything is renamed, if something stands at an old place.
    """
    with Folders(workspace.root) as folders:
        pending = [
            _Rename(RepoPath(rename.new), RepoPath(rename.old))
            for rename in reversed(renames)
            if lstat(folders, rename.new) is not None
        ]
        refuse_losses([to for _, to in pending if lstat(folders, to) is not None])
        if pending and (recording := workspace.operation_log.current) is not None:
            recording.rename(Rename(*rename) for rename in pending)
        for rename in pending:
            _rename_on_disk(workspace.root, folders, rename)
        prune(folders, {split(rename.old)[0] for rename in pending})


def _restage(
    folders: Folders, staging: Staging, old: RepoPath, new: RepoPath, entry: Entry | None, unchanged: bool
) -> None:
    staging.remove(old)
    if entry is None:
        return
    # Renaming changes a file's times but not its content: an unchanged file stays recognisable.
    found = lstat(folders, new) if unchanged else None
    staging.set(new, entry, UNKNOWN if found is None else exact_row(found))
