"""`stash`: put uncommitted work aside and make the workspace that of HEAD.

In this order: store the files, the commits, the ref, and only then change the workspace. One that was killed goes on
where it was when it is run again.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import NothingToDoError, RefusedError, StorageError
from aidb.progress import SILENT, Progress
from aidb.types import CommitId, ObjectId, RepoPath
from aidb.versioning.manifest import Change
from aidb.versioning.operations import interrupted
from aidb.versioning.stashes import PREFIX, Stashed, next_ref, stashes
from aidb.versioning.workspace.differences import between
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.report import some
from aidb.versioning.workspace.tracking import track_version
from aidb.versioning.workspace.tree.capture import capture
from aidb.versioning.workspace.tree.changes import Changes
from aidb.versioning.workspace.tree.checkout import check_out, raise_damage
from aidb.versioning.workspace.tree.folders import Folders
from aidb.versioning.workspace.tree.safety import Review, refuse_losses
from aidb.versioning.workspace.verbs.commit import empty_version, refuse_moved
from aidb.versioning.workspace.verbs.status import look_at
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.engine import Head
    from aidb.versioning.operations import Operation


class _Work(NamedTuple):
    """What is to be put aside, as manifests: the tracked files as they are, and untracked ones."""

    files: ObjectId
    untracked: ObjectId | None


def push(
    workspace: Workspace, message: str | None = None, *, untracked: bool = False, progress: Progress = SILENT
) -> Stashed:
    """Put local work aside. Raises NothingToDoError if there is none, RefusedError while a merge waits."""
    log = workspace.operation_log
    with workspace.changing() as index:
        head = workspace.engine.head()
        refuse_moved(index, head)
        refuse_under_way(index)
        resumed = interrupted(log.read(), "stash")
        with log.recording("stash", message or "", resume=resumed):
            stash = None if resumed is None else _made(workspace, resumed)
            if stash is None:
                stash = _put_aside(workspace, index, head, message, untracked=untracked)
            _clean(workspace, index, stash, progress)
        return stash


def _made(workspace: Workspace, operation: Operation) -> Stashed | None:
    """The stash that an interrupted push made, if it came so far."""
    refs = {move.ref for move in operation.moves if move.old is None and move.ref.startswith(PREFIX)}
    return next((stash for stash in stashes(workspace.engine) if stash.ref in refs), None)


def _put_aside(
    workspace: Workspace, index: Index, head: Head, message: str | None, *, untracked: bool
) -> Stashed:
    if head.commit is None:
        raise NothingToDoError(
            "there is no commit yet to go back to", hints=('`aidb commit -m "…"` makes the first.',)
        )
    state = index.state
    work = _gather(workspace, index, untracked=untracked)
    if work.files == state.base_root == state.staged_root and work.untracked is None:
        raise NothingToDoError("there is no local work to put aside", hints=("`aidb status` says so, too.",))
    _refuse_losses(workspace, index, _leaving(workspace, work, state.base_root))
    where = head.branch or "no branch"
    tip = workspace.engine.read_commit(head.commit)
    text = f"On {where}: {message}" if message else f"WIP on {where}: {tip.id[:10]} {tip.subject}"
    recorder, manifest = workspace.recorder(), workspace.manifest
    staged = manifest(state.staged_root or empty_version(workspace))
    parents = [head.commit, recorder.record(staged, (head.commit,), f"index: {text}").id]
    if work.untracked is not None:
        parents.append(recorder.record(manifest(work.untracked), (), f"untracked: {text}").id)
    made = recorder.record(manifest(work.files), tuple(parents), text)
    ref = next_ref(workspace.engine)
    workspace.engine.update_ref(ref, None, made.id, f"stash: {text}")
    return next(stash for stash in stashes(workspace.engine) if stash.ref == ref)


def _gather(workspace: Workspace, index: Index, *, untracked: bool) -> _Work:
    """Store everything that is in no version yet. Raises StorageError if some of it cannot be."""
    from aidb.versioning.manifest import build, edit

    look = look_at(workspace, index, [b""], untracked="files" if untracked else "none")
    _refuse_leaving(look.unreadable)
    # A file whose removal is staged may be there all the same: it comes back as it is, too.
    gone = [
        c.path for c in between(workspace, index.state.base_root, index.state.staged_root) if c.new is None
    ]
    changed = [*(change.path for change in look.changes), *gone]
    new = sorted({RepoPath(os.fsencode(path)) for path in look.untracked} - set(gone))
    staged = workspace.manifest(index.state.staged_root)
    with workspace.store.writer() as writer:
        captured = capture(workspace.root, writer, [*changed, *new])
        _refuse_leaving(captured.left)
        files = edit(staged, writer, [(path, captured.entries.get(path)) for path in changed])
        found = sorted((path, captured.entries[path]) for path in new if path in captured.entries)
        return _Work(files, build(writer, found) if found else None)


def _refuse_leaving(paths: list[RepoPath]) -> None:
    if paths:
        raise StorageError(
            f"this cannot be stored, so nothing was put aside: {some(paths)}",
            hints=("Remove it or make it readable, then run the same command again.",),
        )


def _refuse_losses(workspace: Workspace, index: Index, changes: Changes) -> None:
    """Before anything is recorded: what is untracked may stand where a file of HEAD has to come back."""
    with Folders(workspace.root) as folders:
        review = Review(folders, index)
        review.go_through(changes)
    refuse_losses(review.at_risk)


def _clean(workspace: Workspace, index: Index, stash: Stashed, progress: Progress) -> None:
    """Make files and what is staged those of HEAD."""
    base = index.state.base_root
    untracked = None if stash.untracked is None else root_of(workspace, stash.untracked)
    work = _Work(root_of(workspace, stash.commit), untracked)
    written = _leaving(workspace, work, base)
    outcome = check_out(workspace, index, written, progress=progress)
    track_version(workspace, index, base, written)
    index.state = replace(index.state, staged_root=base)
    workspace.save(index, durable=False)
    raise_damage(outcome.damaged)


def _leaving(workspace: Workspace, work: _Work, base: ObjectId | None) -> Changes:
    """From what is put aside to the files of HEAD."""
    if work.untracked is None:
        return between(workspace, work.files, base)
    target = workspace.manifest(base)
    plan = {change.path: change for change in between(workspace, work.files, base)}
    for path, entry in workspace.manifest(work.untracked).items():
        plan[path] = Change(path, entry, target.get(path))
    return Changes(lambda: [plan[path] for path in sorted(plan)])


def refuse_under_way(index: Index) -> None:
    """Raise RefusedError while a merge or the like waits."""
    if index.state.merge is not None:
        raise RefusedError(
            f"a {index.state.merge.kind} is under way",
            hints=("Finish it with `aidb commit`, or give it up with `aidb merge --abort` or `aidb undo`.",),
        )


def root_of(workspace: Workspace, commit: CommitId) -> ObjectId:
    """The manifest of a commit."""
    return workspace.engine.read_commit(commit).root
