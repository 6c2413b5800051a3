"""Before files are overwritten: the operation log learns what they hold, and what is in no version is stored.

The log names two manifests, of before and after. Where files are all that their version says, these are versions that
exist already and nothing is written; otherwise they hold just the paths concerned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from aidb.types import Entry, ObjectId, RepoPath, show_path
from aidb.versioning.workspace.differences import between
from aidb.versioning.workspace.tree.capture import Captured, capture
from aidb.versioning.workspace.views import files_between, roots_of
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.store import StoreWriter
    from aidb.versioning.operations import Recording
    from aidb.versioning.workspace.tree.changes import Changes, Roots
    from aidb.versioning.workspace.tree.safety import Review

LIMIT = "undo.max_file_mib"


def keep(workspace: Workspace, changes: Changes, review: Review) -> None:
    """Note what the changes find and what they leave, for the operation under way."""
    recording = workspace.operation_log.current
    if recording is None or not review.changes:
        return
    if changes.roots is not None and not review.at_risk and not review.found:
        _note(workspace, recording, changes.roots)
        return
    with workspace.store.writer() as writer:
        captured = _capture(workspace, writer, review.at_risk)
        at_risk = dict.fromkeys(map(RepoPath, review.at_risk))
        expected = {change.path: change.old for change in changes}
        wanted = {change.path: change.new for change in changes}
        old = {**at_risk, **expected, **review.found, **captured.entries}
        roots = _build(writer, old), _build(writer, {**at_risk, **wanted})
    if roots[0] != roots[1] or captured.left:
        _note(workspace, recording, roots, captured)


def keep_one(workspace: Workspace, path: RepoPath) -> None:
    """Note and store what is at a path that something else is about to be moved to."""
    recording = workspace.operation_log.current
    if recording is None:
        return
    with workspace.store.writer() as writer:
        captured = _capture(workspace, writer, [path])
        roots = _build(writer, captured.entries), _build(writer, {})
    _note(workspace, recording, roots, captured)


def _capture(workspace: Workspace, writer: StoreWriter, paths: list[bytes]) -> Captured:
    """Store what is about to be thrown away, but for files larger than the setting allows."""
    limit = int(workspace.config.get(LIMIT)) << 20
    return capture(workspace.root, writer, dict.fromkeys(paths), most_bytes=limit)


def _note(workspace: Workspace, recording: Recording, roots: Roots, captured: Captured | None = None) -> None:
    captured = captured or Captured()
    kept, lost = len(captured.entries), tuple(map(show_path, captured.left))
    if recording.files is not None:
        roots = _joined(workspace, roots_of(recording.files), roots)
        kept, lost = kept + recording.files.kept, recording.files.lost + lost
    # What was in no version is named by this line alone.
    recording.change_files(files_between(roots, kept, lost), durable=bool(captured.entries))


def _joined(workspace: Workspace, earlier: Roots, later: Roots) -> Roots:
    """From what the first of two sets of changes found to what the second one leaves.

    What the second one finds that is neither before nor after the first is somebody's work in between, and counts.
    """
    if earlier[1] == later[0]:
        return earlier[0], later[1]
    first, second = sides_between(workspace, earlier), sides_between(workspace, later)
    work = {
        path: found
        for path, found in second.old.items()
        if path in first.old and found not in (first.old[path], first.new[path])
    }
    return stored(workspace, Sides({**second.old, **first.old, **work}, {**first.new, **second.new}))


class Sides(NamedTuple):
    """What paths hold before and after."""

    old: dict[RepoPath, Entry | None]
    new: dict[RepoPath, Entry | None]


def sides_between(workspace: Workspace, roots: Roots) -> Sides:
    """What two versions hold of the paths on which they differ."""
    changes = list(between(workspace, *roots))
    return Sides({c.path: c.old for c in changes}, {c.path: c.new for c in changes})


def stored(workspace: Workspace, sides: Sides) -> Roots:
    """Two manifests of just these paths."""
    with workspace.store.writer() as writer:
        return _build(writer, sides.old), _build(writer, sides.new)


def _build(writer: StoreWriter, side: Mapping[RepoPath, Entry | None]) -> ObjectId:
    from aidb.versioning.manifest import build

    return build(writer, sorted((path, entry) for path, entry in side.items() if entry is not None))
