"""`stash`: put uncommitted work aside and bring it back later, on whatever branch.

Putting aside goes in this order: store the files, the commits, the ref, and only then make the workspace that of
HEAD. Bringing back: files, index, and only then the ref goes. Either can be run again after it was killed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from aidb.errors import NothingToDoError, RefusedError, StorageError, WouldOverwriteError
from aidb.notebook import html_table
from aidb.progress import SILENT, Progress
from aidb.types import CommitId, ObjectId, RepoPath, decode_path, show_path
from aidb.versioning.manifest import Change
from aidb.versioning.operations import interrupted
from aidb.versioning.stashes import PREFIX, Stashed, find_stash, next_ref, stashes
from aidb.versioning.workspace.differences import between
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.state import Conflict, Unfinished
from aidb.versioning.workspace.report import some
from aidb.versioning.workspace.tracking import track_version
from aidb.versioning.workspace.tree.capture import capture
from aidb.versioning.workspace.tree.changes import Changes
from aidb.versioning.workspace.tree.checkout import check_out, raise_damage
from aidb.versioning.workspace.tree.folders import Folders
from aidb.versioning.workspace.tree.safety import Review, refuse_losses
from aidb.versioning.workspace.verbs.commit import empty_version, refuse_moved
from aidb.versioning.workspace.verbs.status import ConflictedPath, look_at
from aidb.versioning.workspace.views import view_of
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.diff import FileChange
    from aidb.versioning.engine import Head
    from aidb.versioning.merge import MergeOutcome
    from aidb.versioning.operations import Operation


@dataclass(frozen=True, slots=True)
class Unstashed:
    """What bringing a stash back came to. With `conflicts`, ours stands in the workspace and the stash is kept."""

    stash: Stashed
    conflicts: list[ConflictedPath] = field(default_factory=list)
    dropped: bool = False
    written: int = 0
    removed: int = 0


class Stash:
    """The stashes of a repository, newest first: `repo.stash.push()`, `repo.stash.pop()`, `repo.stash[0]`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def __iter__(self) -> Iterator[Stashed]:
        return iter(stashes(self._workspace.engine))

    def __len__(self) -> int:
        return len(stashes(self._workspace.engine))

    def __getitem__(self, name: int | str) -> Stashed:
        """The stash of that number or name (`stash@{1}`). Raises NotFoundError (a LookupError)."""
        return find_stash(self._workspace.engine, str(name))

    def push(
        self, message: str | None = None, *, untracked: bool = False, progress: Progress = SILENT
    ) -> Stashed:
        """Put what is staged and changed aside, with `untracked` also untracked files, and go back to HEAD's files."""
        return push(self._workspace, message, untracked=untracked, progress=progress)

    def apply(self, name: str | None = None, *, progress: Progress = SILENT) -> Unstashed:
        """Bring a stash back, the newest if none is named, and keep it."""
        return apply(self._workspace, name, progress=progress)

    def pop(self, name: str | None = None, *, progress: Progress = SILENT) -> Unstashed:
        """Bring a stash back and, unless there are conflicts, remove it."""
        return apply(self._workspace, name, drop=True, progress=progress)

    def drop(self, name: str | None = None) -> Stashed:
        """Remove a stash."""
        return drop(self._workspace, name)

    def changes(self, name: str | None = None) -> list[FileChange]:
        """What a stash holds, compared with the commit it was made on."""
        return changes(self._workspace, find_stash(self._workspace.engine, name))

    def _repr_html_(self) -> str:
        rows = [(stash.name, f"{stash.time:%Y-%m-%d %H:%M}", stash.message) for stash in self]
        return html_table("stashes", ("name", "time", "message"), rows)


# Putting aside


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
        _refuse_conflicts(index)
        resumed = interrupted(log.read(), "stash")
        with log.recording("stash", message or "", resume=resumed):
            stash = None if resumed is None else _made(workspace, resumed)
            if stash is None:
                stash = _put_aside(workspace, index, head, message, untracked=untracked)
            _clean(workspace, index, stash, progress)
        return stash


def _refuse_conflicts(index: Index) -> None:
    if index.state.merge is not None:
        raise RefusedError(
            f"a {index.state.merge.kind} is under way",
            hints=("Finish it with `aidb commit`, or give it up with `aidb merge --abort` or `aidb undo`.",),
        )


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
    staged = state.staged_root or empty_version(workspace)
    record = workspace.recorder().record
    parents = [head.commit, record(workspace.manifest(staged), (head.commit,), f"index: {text}").id]
    if work.untracked is not None:
        parents.append(record(workspace.manifest(work.untracked), (), f"untracked: {text}").id)
    made = record(workspace.manifest(work.files), tuple(parents), text)
    ref = next_ref(workspace.engine)
    workspace.engine.update_ref(ref, None, made.id, f"stash: {text}")
    return next(stash for stash in stashes(workspace.engine) if stash.ref == ref)


def _gather(workspace: Workspace, index: Index, *, untracked: bool) -> _Work:
    """Store everything that is in no version yet. Raises StorageError if some of it cannot be."""
    from aidb.versioning.manifest import build, edit

    look = look_at(workspace, index, [b""], untracked="files" if untracked else "none")
    # A file whose removal is staged may be there all the same: it comes back as it is, too.
    gone = [
        c.path for c in between(workspace, index.state.base_root, index.state.staged_root) if c.new is None
    ]
    changed = [*(change.path for change in look.changes), *gone]
    new = sorted({RepoPath(os.fsencode(path)) for path in look.untracked} - set(gone))
    staged = workspace.manifest(index.state.staged_root)
    with workspace.store.writer() as writer:
        captured = capture(workspace.root, writer, [*changed, *new])
        if captured.left:
            raise StorageError(
                f"this cannot be stored, so nothing was put aside: {some(captured.left)}",
                hints=("Remove it or make it readable, then run the same command again.",),
            )
        files = edit(staged, writer, [(path, captured.entries.get(path)) for path in changed])
        found = sorted((path, captured.entries[path]) for path in new if path in captured.entries)
        return _Work(files, build(writer, found) if found else None)


def _refuse_losses(workspace: Workspace, index: Index, changes: Changes) -> None:
    """Before anything is recorded: what is untracked may stand where a file of HEAD has to come back."""
    with Folders(workspace.root) as folders:
        review = Review(folders, index)
        review.go_through(changes)
    refuse_losses(review.at_risk)


def _clean(workspace: Workspace, index: Index, stash: Stashed, progress: Progress) -> None:
    """Make files and what is staged those of HEAD."""
    base = index.state.base_root
    untracked = None if stash.untracked is None else _root(workspace, stash.untracked)
    work = _Work(_root(workspace, stash.commit), untracked)
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


def _root(workspace: Workspace, commit: CommitId) -> ObjectId:
    return workspace.engine.read_commit(commit).root


# Bringing back


def apply(
    workspace: Workspace, name: str | None = None, *, drop: bool = False, progress: Progress = SILENT
) -> Unstashed:
    """Merge a stash into the files and into what is staged; then remove it, if asked to `drop` it.

    What was staged is staged again. Where that, or the files, conflict with what was committed since, everything is
    staged as in a merge, and conflicts wait for decisions. Raises WouldOverwriteError if changed files are concerned.
    """
    log, engine = workspace.operation_log, workspace.engine
    stash = find_stash(engine, name)
    verb, about = f"stash {'pop' if drop else 'apply'}", f"{stash.name} ({stash.commit[:10]})"
    with workspace.changing() as index:
        refuse_moved(index, engine.head())
        _refuse_conflicts(index)
        resumed = interrupted(log.read(), verb)
        if resumed is not None and resumed.about != about:
            resumed = None
        with log.recording(verb, about, resume=resumed):
            state = None if resumed is None else resumed.state()
            is_back = state is not None and state[1] == view_of(index.state)
            done = Unstashed(stash) if is_back else _bring_back(workspace, index, stash, progress)
            if drop and not done.conflicts:
                engine.update_ref(stash.ref, stash.commit, None, f"stash: popped {stash.message}")
                done = replace(done, dropped=True)
        return done


def _bring_back(workspace: Workspace, index: Index, stash: Stashed, progress: Progress) -> Unstashed:
    outcome, staged = _merge(workspace, index, stash)
    written = _arriving(workspace, index, outcome.root, stash)
    done = check_out(workspace, index, written, progress=progress)
    track_version(workspace, index, staged, written)
    index.state = replace(index.state, staged_root=staged, **_unsettled(outcome, stash))
    workspace.save(index)
    raise_damage(done.damaged)
    conflicts = [ConflictedPath(decode_path(c.path), str(c.reason)) for c in outcome.conflicts]
    return Unstashed(stash, conflicts, written=done.written, removed=done.removed)


def _merge(workspace: Workspace, index: Index, stash: Stashed) -> tuple[MergeOutcome, ObjectId]:
    """The files to be, and what is to be staged."""
    from aidb.versioning.merge import Labels, merge_manifests

    base, files, staged = (
        workspace.manifest(_root(workspace, commit)) for commit in (stash.base, stash.commit, stash.staged)
    )
    ours, labels = workspace.manifest(index.state.staged_root), Labels("ours", "stash")
    with workspace.store.writer() as writer:
        outcome = merge_manifests(writer, base, ours, files, labels=labels)
        to_stage = merge_manifests(writer, base, ours, staged, labels=labels)
    return outcome, outcome.root if outcome.conflicts or to_stage.conflicts else to_stage.root


def _arriving(workspace: Workspace, index: Index, root: ObjectId, stash: Stashed) -> Changes:
    """From what is staged to the files to be, with the untracked ones. Raises WouldOverwriteError."""
    changes = between(workspace, index.state.staged_root, root)
    if stash.untracked is None:
        return changes
    tracked = workspace.manifest(root)
    plan = {change.path: change for change in changes}
    for path, entry in workspace.manifest(_root(workspace, stash.untracked)).items():
        if tracked.get(path) not in (None, entry):
            raise WouldOverwriteError(
                f"{show_path(path)} was untracked when it was put aside, and is tracked now",
                paths=(show_path(path),),
                hints=(f"`aidb stash show {stash.name}` lists what is in it.",),
            )
        plan.setdefault(path, Change(path, None, entry))
    return Changes(lambda: [plan[path] for path in sorted(plan)])


def _unsettled(outcome: MergeOutcome, stash: Stashed) -> dict[str, Any]:
    """The part of the state that makes conflicts wait."""
    if not outcome.conflicts:
        return {}
    unfinished = Unfinished("stash", (stash.commit,), outcome.root, stash.message, stash.name)
    conflicts = tuple(Conflict(c.path, c.base, c.ours, c.theirs, str(c.reason)) for c in outcome.conflicts)
    return {"merge": unfinished, "conflicts": conflicts}


def drop(workspace: Workspace, name: str | None = None) -> Stashed:
    """Remove a stash; `undo` brings it back."""
    engine = workspace.engine
    stash = find_stash(engine, name)
    with workspace.operation_log.recording("stash drop", f"{stash.name} ({stash.commit[:10]})"):
        engine.update_ref(stash.ref, stash.commit, None, f"stash: dropped {stash.message}")
    return stash


def changes(workspace: Workspace, stash: Stashed) -> list[FileChange]:
    """What a stash holds, compared with the commit it was made on."""
    from aidb.versioning.diff import file_changes

    found = list(between(workspace, _root(workspace, stash.base), _root(workspace, stash.commit)))
    if stash.untracked is not None:
        untracked = workspace.manifest(_root(workspace, stash.untracked))
        found += [Change(path, None, entry) for path, entry in untracked.items()]
    return file_changes(sorted(found))
