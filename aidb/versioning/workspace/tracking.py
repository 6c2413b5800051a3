"""Keeping the index in step: it tracks exactly the paths that are staged, whatever was written to the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb.types import ObjectId
from aidb.versioning.workspace.differences import between
from aidb.versioning.workspace.entries import entries_of
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.rows import UNKNOWN
from aidb.versioning.workspace.tree.changes import Changes
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.manifest import Manifest


def track_staged(index: Index, staged: Manifest, written: Changes) -> None:
    """After files were written: rows are kept only where that made them equal to what is staged."""
    entries = entries_of(staged, {change.path for change in written})
    for change in written:
        entry = entries.get(change.path)
        if entry is None:
            index.remove(change.path)
        elif entry != change.new:
            index.set(change.path, UNKNOWN)


def track_version(workspace: Workspace, index: Index, root: ObjectId | None, written: Changes) -> None:
    """After files were written: track the paths of `root`, which takes the place of what is staged now."""
    new = {change.path: change.new for change in written}
    for change in between(workspace, index.state.staged_root, root):
        if change.new is None:
            index.remove(change.path)
        elif new.get(change.path) != change.new:
            index.set(change.path, UNKNOWN)
    track_staged(index, workspace.manifest(root), written)
