"""`merge` and `merge --abort`: bring another branch's changes into the workspace and commit them.

A merge goes in steps that a kill may fall between: files, index (the merge is under way, everything staged), commit and
branch, index. Run again, it goes on where it was. At conflicts it stops after the second step: ours stays in the
workspace, `status` lists them, and `commit` concludes once all are settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from aidb.errors import NothingToDoError, RefusedError
from aidb.progress import SILENT, Progress
from aidb.types import CommitId, RepoPath, decode_path
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.state import Conflict, Unfinished
from aidb.versioning.workspace.tree.changes import Changes
from aidb.versioning.workspace.tree.checkout import check_out, raise_damage
from aidb.versioning.workspace.verbs.commit import advance, conclude, refuse_conflicts, refuse_moved
from aidb.versioning.workspace.verbs.status import ConflictedPath
from aidb.versioning.workspace.verbs.switch import bring_to
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.commits import Commit
    from aidb.versioning.head import Head
    from aidb.versioning.manifest import Conflict as ManifestConflict
    from aidb.versioning.merge import MergeOutcome

Strategy = Literal["ours", "theirs", "both"]
FastForward = Literal["auto", "only", "never"]
MergedKind = Literal["up-to-date", "fast-forward", "merged", "conflicts"]


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge or revert came to: the commit HEAD is at now, and the conflicts that wait for a decision.

    `resolved` are conflicts that the strategy decided; `written` and `removed` count files of the workspace.
    """

    kind: MergedKind
    commit: Commit | None
    conflicts: list[ConflictedPath] = field(default_factory=list)
    resolved: list[ConflictedPath] = field(default_factory=list)
    written: int = 0
    removed: int = 0


def merge(
    workspace: Workspace,
    revision: str,
    *,
    message: str | None = None,
    strategy: Strategy | None = None,
    fast_forward: FastForward = "auto",
    progress: Progress = SILENT,
) -> Merged:
    """Merge `revision` into what is checked out.

    Raises RefusedError while something is staged or another merge waits, WouldOverwriteError if files with local
    changes are concerned.
    """
    from aidb.versioning.merge import Labels, merge_commits, merge_message
    from aidb.versioning.revisions import resolve

    engine = workspace.engine
    with workspace.changing("merge", revision) as index:
        theirs = resolve(engine, revision)
        head = engine.head()
        if index.state.merge is not None and index.state.merge.heads == (theirs,):
            return _go_on(workspace, index, head)
        if index.state.base != theirs:  # else a fast-forward was killed before it moved the branch
            refuse_moved(index, head)
        refuse_unfinished(index)
        with workspace.store.writer() as writer:
            labels = Labels(head.branch or "ours", revision)
            outcome = merge_commits(
                engine, workspace.store, writer, head.commit, theirs, strategy=strategy, labels=labels
            )
        if outcome.kind == "up-to-date":
            return Merged("up-to-date", engine.read_commit(head.commit or theirs))
        if outcome.kind == "fast-forward" and (fast_forward != "never" or head.commit is None):
            return _fast_forward(workspace, index, head, theirs, revision, progress)
        if fast_forward == "only":
            raise RefusedError(
                "this cannot be done by fast-forward: both sides have commits of their own",
                hints=(f"`aidb merge {revision}` makes a merge commit.",),
            )
        text = message or merge_message(revision, head.branch)
        unfinished = Unfinished("merge", (theirs,), outcome.root, text, revision)
        return carry_out(workspace, index, head, outcome, unfinished, progress)


def carry_out(
    workspace: Workspace,
    index: Index,
    head: Head,
    outcome: MergeOutcome,
    unfinished: Unfinished,
    progress: Progress = SILENT,
) -> Merged:
    """Bring an outcome into the workspace; commit it, or leave it under way if there are conflicts."""
    done = bring_to(workspace, index, outcome.root, progress=progress)
    conflicts = tuple(Conflict(c.path, c.base, c.ours, c.theirs, str(c.reason)) for c in outcome.conflicts)
    index.state = replace(index.state, merge=unfinished, conflicts=conflicts)
    workspace.save(index)
    raise_damage(done.damaged)
    commit = None if conflicts else conclude(workspace, index, head)
    return Merged(
        "conflicts" if conflicts else "merged",
        commit,
        _shown(outcome.conflicts),
        _shown(outcome.resolved),
        done.written,
        done.removed,
    )


def abort_merge(workspace: Workspace, *, progress: Progress = SILENT) -> None:
    """Give up the merge or revert under way: the files it touched become those of HEAD, others stay as they are.

    Raises NothingToDoError if there is none.
    """
    from aidb.versioning.manifest import Change, diff

    with workspace.changing("merge", "--abort") as index:
        state = index.state
        if state.merge is None:
            raise NothingToDoError("no merge or revert is under way")
        if state.merge.kind == "stash":
            raise RefusedError(
                f"{state.merge.name} was being brought back", hints=("`aidb undo` takes that back.",)
            )
        base, staged, merged = map(workspace.manifest, (state.base_root, state.staged_root, state.merge.root))
        touched: set[RepoPath] = {conflict.path for conflict in state.conflicts}
        for version in (staged, merged):
            touched.update(change.path for change in diff(base, version))
        plan = [Change(path, staged.get(path), base.get(path)) for path in sorted(touched)]
        outcome = check_out(workspace, index, Changes(lambda: plan), force=True, progress=progress)
        index.state = replace(state, staged_root=state.base_root, merge=None, conflicts=())
        workspace.save(index, durable=False)
        raise_damage(outcome.damaged)


def refuse_unfinished(index: Index) -> None:
    """Raise RefusedError while a merge waits or something is staged."""
    state = index.state
    if state.merge is not None:
        raise RefusedError(
            f"a {state.merge.kind} of {state.merge.name} is under way",
            hints=("Finish it with `aidb commit`, or give it up with `aidb merge --abort`.",),
        )
    if state.staged_root != state.base_root:
        raise RefusedError(
            "something is staged already, and would become part of the merge",
            hints=("Commit it first (`aidb commit`), or un-stage it with `aidb restore --staged .`.",),
        )


def _go_on(workspace: Workspace, index: Index, head: Head) -> Merged:
    """The same merge again: conclude it if all conflicts are settled."""
    refuse_moved(index, head)
    refuse_conflicts(index)
    return Merged("merged", conclude(workspace, index, head))


def _fast_forward(
    workspace: Workspace, index: Index, head: Head, theirs: CommitId, revision: str, progress: Progress
) -> Merged:
    commit = workspace.engine.read_commit(theirs)
    done = bring_to(workspace, index, commit.root, progress=progress)
    index.state = replace(index.state, base=theirs, base_root=commit.root)
    workspace.save(index, durable=False)
    advance(workspace, head, commit, f"merge {revision}: Fast-forward")
    raise_damage(done.damaged)
    return Merged("fast-forward", commit, written=done.written, removed=done.removed)


def _shown(conflicts: Sequence[ManifestConflict]) -> list[ConflictedPath]:
    return [ConflictedPath(decode_path(conflict.path), str(conflict.reason)) for conflict in conflicts]
