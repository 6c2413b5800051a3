"""`restore`: bring paths back from what is staged, or from any version; un-stage; settle a conflict by one side.

The present content of a changed file is in no version, so overwriting it is refused without `force`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from aidb.errors import NotFoundError, PathNotFoundError
from aidb.progress import SILENT, Progress
from aidb.types import ObjectId, decode_path, show_path
from aidb.versioning.workspace.differences import overwriting
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.rows import UNKNOWN
from aidb.versioning.workspace.index.state import Conflict
from aidb.versioning.workspace.report import named
from aidb.versioning.workspace.staging import Staging
from aidb.versioning.workspace.targets import Given, covers, targets
from aidb.versioning.workspace.tracking import track_staged
from aidb.versioning.workspace.tree.changes import Changes
from aidb.versioning.workspace.tree.checkout import Outcome, check_out, raise_damage
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.manifest import Manifest

Side = Literal["ours", "theirs"]


def restore(
    workspace: Workspace,
    paths: Given,
    *,
    source: str | None = None,
    staged: bool = False,
    worktree: bool = True,
    side: Side | None = None,
    force: bool = False,
    progress: Progress = SILENT,
) -> list[str]:
    """Bring back files and everything below folders; return the paths that changed.

    `worktree` changes the files, `staged` what is staged; both may be asked for. Without a `source`, files come from
    what is staged, and what is staged from HEAD. Tracked files that the source does not hold are removed. `side`
    settles conflicts by that side's version. Raises PathNotFoundError, WouldOverwriteError, DamagedObjectError.
    """
    wanted = targets(workspace.root, paths)
    with workspace.changing("restore", named(wanted)) as index:
        if side is not None:
            return _settle(workspace, index, wanted, side, force=force, progress=progress)
        root = _source(workspace, index, source, staged=staged)
        _check_known(workspace.manifest(root), index, wanted)
        outcome, touched = Outcome(), set[bytes]()
        if worktree:
            changes = overwriting(workspace, index, root, wanted)
            outcome = check_out(workspace, index, changes, force=force, progress=progress)
            touched |= {change.path for change in changes} - outcome.already
            if not staged and root != index.state.staged_root:
                track_staged(index, workspace.manifest(index.state.staged_root), changes)
        if staged:
            touched |= unstage(workspace, index, root, wanted, keep_rows=worktree)
        elif index.changed:
            workspace.save(index, durable=False)
        raise_damage(outcome.damaged)
        return [decode_path(path) for path in sorted(touched)]


def unstage(
    workspace: Workspace,
    index: Index,
    root: ObjectId | None,
    wanted: Iterable[bytes],
    *,
    keep_rows: bool = False,
) -> set[bytes]:
    """Make what is staged below `wanted` that of the version `root` and save; return the paths that changed.

    `keep_rows`: the files have been made those of `root`, and the index knows.
    """
    from aidb.versioning.manifest import diff

    touched = set[bytes]()
    with Staging(workspace, index) as staging:
        target = workspace.manifest(root)
        for prefix in wanted:
            for change in diff(staging.manifest, target, prefix):
                touched.add(change.path)
                if change.new is None:
                    staging.remove(change.path)
                else:
                    row = index.row(change.path) if keep_rows else None
                    staging.set(change.path, change.new, row or UNKNOWN)
        staging.save()
    return touched


def _source(workspace: Workspace, index: Index, source: str | None, *, staged: bool) -> ObjectId | None:
    if source is None:
        return index.state.base_root if staged else index.state.staged_root
    from aidb.versioning.revisions import resolve

    return workspace.engine.read_commit(resolve(workspace.engine, source)).root


def _check_known(source: Manifest, index: Index, wanted: Iterable[bytes]) -> None:
    for path in wanted:
        if path and path not in index and not index.is_folder(path) and not next(source.items(path), None):
            raise PathNotFoundError(
                f"{show_path(path)} is neither tracked nor in that version",
                hints=("`aidb ls` lists the files of HEAD, `aidb ls REV` those of any version.",),
            )


def _settle(
    workspace: Workspace, index: Index, wanted: list[bytes], side: Side, *, force: bool, progress: Progress
) -> list[str]:
    """Take one side's version of the conflicts below `wanted`."""
    conflicts = [conflict for conflict in index.state.conflicts if covers(wanted, conflict.path)]
    if not conflicts:
        raise NotFoundError(
            "there is no conflict on these paths", hints=("`aidb status` lists the conflicts that wait.",)
        )
    return take_side(workspace, index, conflicts, side, force=force, progress=progress)


def take_side(
    workspace: Workspace,
    index: Index,
    conflicts: Iterable[Conflict],
    side: Side,
    *,
    force: bool = False,
    progress: Progress = SILENT,
) -> list[str]:
    """Make the files and what is staged those of one side, and the conflicts settled."""
    from aidb.versioning.manifest import Change

    plan = [
        Change(conflict.path, conflict.ours, conflict.ours if side == "ours" else conflict.theirs)
        for conflict in conflicts
    ]
    outcome = check_out(workspace, index, Changes(lambda: plan), force=force, progress=progress)
    with Staging(workspace, index) as staging:
        # Removals first: where a file meets a folder, they make room.
        for change in sorted(plan, key=lambda change: change.new is not None):
            if change.new is None:
                staging.remove(change.path)
            else:
                staging.set(change.path, change.new, index.row(change.path) or UNKNOWN)
        staging.save()
    raise_damage(outcome.damaged)
    return [decode_path(change.path) for change in plan]
