"""The changes that bring the working tree from what it shows to a version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aidb.errors import StorageError
from aidb.types import ObjectId, RepoPath, show_path
from aidb.versioning.workspace.entries import entries_of
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.tree.changes import Changes
from aidb.versioning.workspace.tree.scan import Scanner
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.manifest import Change


def between(workspace: Workspace, old: ObjectId | None, new: ObjectId | None) -> Changes:
    """From one version to another; what only the working tree changed is left alone."""
    from aidb.versioning.manifest import diff

    if old == new:
        return Changes(lambda: ())
    before, after = workspace.manifest(old), workspace.manifest(new)
    return Changes(lambda: diff(before, after), (old, new))


def overwriting(
    workspace: Workspace, index: Index, root: ObjectId | None, wanted: Iterable[bytes] = (b"",)
) -> Changes:
    """From whatever the working tree holds on tracked paths below `wanted` to the version `root`."""
    from aidb.versioning.manifest import Change, diff

    wanted = list(wanted)
    staged, target = workspace.manifest(index.state.staged_root), workspace.manifest(root)
    plan: dict[RepoPath, Change] = {}
    for path in wanted:
        plan.update((change.path, change) for change in diff(staged, target, path))
    seen: set[RepoPath] = set()
    with Scanner(workspace.root, index, untracked="none") as scanner:
        for report in scanner.scan(wanted):
            for folder, error in report.unreadable:
                raise StorageError.from_os_error(error, f"looking at {show_path(folder) or '.'}") from error
            seen.update(RepoPath(found.path) for found in report.changed)
            seen.update(map(RepoPath, report.missing))
    # What is not in the plan yet is the same on both sides of it.
    for path, entry in entries_of(staged, seen - plan.keys()).items():
        plan[path] = Change(path, entry, entry)
    ordered = [plan[path] for path in sorted(plan)]
    return Changes(lambda: ordered)
