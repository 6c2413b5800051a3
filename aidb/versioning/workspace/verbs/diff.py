"""`diff` with the workspace on one side: against what is staged, or from any version to the working tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb.types import CommitId, RepoPath, decode_path
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.targets import Given, targets
from aidb.versioning.workspace.verbs.status import look_at
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.types import ObjectId
    from aidb.versioning.diff import Diff
    from aidb.versioning.manifest import Change


def diff(
    workspace: Workspace, *, base: CommitId | None = None, staged: bool = False, paths: Given = ()
) -> Diff:
    """`staged`: from `base` (HEAD) to what is staged. Else from `base` (what is staged) to the tracked files on disk.

    Content on disk whose size tells that it differs is not read: its blob is empty.
    """
    from aidb.versioning.diff import Diff, diff_manifests, file_changes

    wanted = targets(workspace.root, paths) or [b""]
    index = workspace.read_index()
    root = index.state.base_root if base is None else workspace.engine.read_commit(base).root
    if staged:
        old, new = workspace.manifest(root), workspace.manifest(index.state.staged_root)
        return diff_manifests(old, new, paths=[decode_path(path) for path in wanted])
    changes = look_at(workspace, index, wanted, untracked="none").changes
    if base is not None:
        changes = _since(workspace, index, root, wanted, changes)
    return Diff(file_changes(sorted(changes)))


def _since(
    workspace: Workspace, index: Index, root: ObjectId | None, wanted: list[bytes], changes: list[Change]
) -> list[Change]:
    """From a version to the working tree: from it to what is staged, then what changed since."""
    from aidb.versioning.manifest import Change
    from aidb.versioning.manifest import diff as manifest_diff

    old, staged = workspace.manifest(root), workspace.manifest(index.state.staged_root)
    total: dict[RepoPath, Change] = {}
    for prefix in wanted:
        total.update((change.path, change) for change in manifest_diff(old, staged, prefix))
    for path, _, new in changes:
        total[path] = Change(path, old.get(path), new)
    return [change for change in total.values() if not _same(change)]


def _same(change: Change) -> bool:
    old, new = change.old, change.new
    return old is new or (
        old is not None and new is not None and (old.kind, old.blob) == (new.kind, new.blob)
    )
