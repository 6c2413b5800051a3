"""`rm`: take files out of the next version and, unless `cached`, out of the working tree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aidb.errors import InvalidPathError, PathNotFoundError, WouldOverwriteError
from aidb.types import RepoPath, decode_path, show_path
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.report import named, some
from aidb.versioning.workspace.staging import Staging
from aidb.versioning.workspace.targets import Given, targets
from aidb.versioning.workspace.tree.changes import Changes
from aidb.versioning.workspace.tree.checkout import check_out
from aidb.versioning.workspace.tree.folders import Folders
from aidb.versioning.workspace.tree.safety import Review
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.manifest import Manifest


def remove(
    workspace: Workspace, paths: Given, *, cached: bool = False, recursive: bool = False, force: bool = False
) -> list[str]:
    """Remove tracked files; return their paths. `recursive` allows folders, `cached` keeps the files on disk.

    Raises PathNotFoundError for what is not tracked, WouldOverwriteError if content that is in no commit would be
    lost, unless `force`. A conflict on a path is settled by its removal.
    """
    wanted = targets(workspace.root, paths)
    with workspace.changing("rm", named(wanted)) as index, Staging(workspace, index) as staging:
        gone = _tracked(index, wanted, recursive=recursive)
        if not force:
            _refuse_losses(workspace, index, staging.manifest, gone, cached=cached)
        if not cached:
            check_out(workspace, index, _removals(staging.manifest, gone), force=force)
        for path in gone:
            staging.remove(path)
        staging.save()
        return [decode_path(path) for path in gone]


def _tracked(index: Index, wanted: list[bytes], *, recursive: bool) -> list[RepoPath]:
    conflicted = {conflict.path for conflict in index.state.conflicts}
    found: set[RepoPath] = set()
    for path in wanted:
        if path in index or path in conflicted:
            found.add(RepoPath(path))
            continue
        below = [RepoPath(file) for file in index.tracked_below(path)]
        if not below:
            raise PathNotFoundError(
                f"{show_path(path) or '.'} is not tracked", hints=("`aidb ls` lists what is.",)
            )
        if not recursive:
            raise InvalidPathError(
                f"{show_path(path) or '.'} is a folder with {len(below):,} tracked files",
                hints=("`aidb rm -r` removes folders.",),
            )
        found.update(below)
    return sorted(found)


def _removals(staged: Manifest, paths: Iterable[RepoPath]) -> Changes:
    from aidb.versioning.manifest import Change

    return Changes(lambda: (Change(path, staged.get(path), None) for path in paths))


def _refuse_losses(
    workspace: Workspace, index: Index, staged: Manifest, gone: list[RepoPath], *, cached: bool
) -> None:
    """Staged content must be committed or still be in the file; a file that goes must hold what is staged."""
    base = workspace.manifest(index.state.base_root)
    with Folders(workspace.root) as folders:
        review = Review(folders, index)
        review.go_through(_removals(staged, gone))
    differs = set(review.at_risk)
    conflicted = {conflict.path for conflict in index.state.conflicts}
    lost = []
    for path in gone:
        uncommitted = path not in conflicted and staged.get(path) != base.get(path)
        if (uncommitted and (not cached or path in differs)) or (path in differs and not cached):
            lost.append(path)
    if lost:
        raise WouldOverwriteError(
            f"this would lose content that is not committed: {some(lost)}",
            paths=tuple(map(show_path, lost)),
            hints=(
                "Commit it first, keep the file with `aidb rm --cached`, or throw it away with `aidb rm --force`.",
            ),
        )
