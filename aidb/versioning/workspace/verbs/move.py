"""`mv`: rename tracked files and folders, in the working tree and in the next version. No content is read or copied.

What was renamed already, by hand or by a `mv` that was killed, is recorded as renamed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import InvalidPathError, PathNotFoundError, WouldOverwriteError
from aidb.files import storage_errors
from aidb.types import RepoPath, decode_path, repo_path, show_path
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.rows import UNKNOWN, exact_row
from aidb.versioning.workspace.staging import Staging
from aidb.versioning.workspace.targets import Given, target, targets
from aidb.versioning.workspace.tree.content import lstat
from aidb.versioning.workspace.tree.folders import Folders, join, parents, split
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
    with workspace.changing() as index, Folders(workspace.root) as folders:
        renames = _plan(index, folders, given, target(workspace.root, to), os.fspath(to).endswith("/"))
        for rename in renames:
            _check(index, folders, rename, force=force)
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


def _restage(
    folders: Folders, staging: Staging, old: RepoPath, new: RepoPath, entry: Entry | None, unchanged: bool
) -> None:
    staging.remove(old)
    if entry is None:
        return
    # Renaming changes a file's times but not its content: an unchanged file stays recognisable.
    found = lstat(folders, new) if unchanged else None
    staging.set(new, entry, UNKNOWN if found is None else exact_row(found))
