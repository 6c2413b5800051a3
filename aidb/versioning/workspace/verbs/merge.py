"""`merge` and `merge --abort`: bring another branch's changes into the workspace and commit them.

A merge goes in steps that a kill may fall between: files, index (the merge is under way, everything staged), commit and
branch, index. Run again, it goes on where it was. At conflicts it stops after the second step: ours stays in the
workspace, `status` lists them, and `commit` concludes once all are settled. What needs no decision is checked before
the first step: a merge that the checks refuse leaves everything as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from aidb.errors import NothingToDoError, RefusedError
from aidb.progress import SILENT, Progress
from aidb.types import CommitId, RepoPath, decode_path
from aidb.versioning.head import HEAD
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.state import Conflict, Unfinished
from aidb.versioning.workspace.proposing import Verify, asking, propose
from aidb.versioning.workspace.tree.changes import Changes
from aidb.versioning.workspace.tree.checkout import check_out, raise_damage
from aidb.versioning.workspace.verbs.commit import advance, conclude, refuse_conflicts, refuse_moved
from aidb.versioning.workspace.verbs.status import ConflictedPath
from aidb.versioning.workspace.verbs.switch import bring_to
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.store import StoreWriter
    from aidb.types import Entry
    from aidb.versioning.commits import Commit
    from aidb.versioning.head import Head
    from aidb.versioning.manifest import Conflict as ManifestConflict
    from aidb.versioning.merge import MergeContent, MergeOutcome

    ContentMerge = Callable[["StoreWriter", ManifestConflict], Entry | str | None]
    """A `MergeContent` that is first told where to store what it makes."""

Strategy = Literal["ours", "theirs", "both"]
FastForward = Literal["auto", "only", "never"]
MergedKind = Literal["up-to-date", "fast-forward", "merged", "conflicts"]


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge or revert came to: the commit HEAD is at now, and the conflicts that wait for a decision.

    `resolved` are conflicts that the strategy decided, `merged_inside` the paths of files whose content was merged;
    `written` and `removed` count files of the workspace.
    """

    kind: MergedKind
    commit: Commit | None
    conflicts: list[ConflictedPath] = field(default_factory=list)
    resolved: list[ConflictedPath] = field(default_factory=list)
    written: int = 0
    removed: int = 0
    merged_inside: list[str] = field(default_factory=list)


def merge(
    workspace: Workspace,
    revision: str,
    *,
    message: str | None = None,
    strategy: Strategy | None = None,
    fast_forward: FastForward = "auto",
    merge_content: ContentMerge | None = None,
    verify: bool = True,
    progress: Progress = SILENT,
) -> Merged:
    """Merge `revision` into what is checked out; `merge_content` may merge files that both sides changed. Without
    `verify`, no check is asked.

    Raises RefusedError while something is staged or another merge waits, WouldOverwriteError if files with local
    changes are concerned, CheckFailedError, ProtectedBranchError.
    """
    merged = _merge(
        workspace,
        revision,
        message=message,
        strategy=strategy,
        fast_forward=fast_forward,
        merge_content=merge_content,
        verify=asking(verify),
        progress=progress,
    )
    if merged.kind in ("fast-forward", "merged"):
        workspace.gate.done("merge", workspace.head().branch)
    return merged


def _merge(
    workspace: Workspace,
    revision: str,
    *,
    message: str | None,
    strategy: Strategy | None,
    fast_forward: FastForward,
    merge_content: ContentMerge | None,
    verify: Verify,
    progress: Progress,
) -> Merged:
    from aidb.versioning.merge import Labels, merge_commits, merge_message
    from aidb.versioning.revisions import resolve

    engine = workspace.engine
    with workspace.changing("merge", revision) as index:
        theirs = resolve(engine, revision)
        head = engine.head()
        if index.state.merge is not None and index.state.merge.heads == (theirs,):
            return _go_on(workspace, index, head, verify)
        if index.state.base != theirs:  # else a fast-forward was killed before it moved the branch
            refuse_moved(index, head)
        engine.refuse_protected(HEAD, "merge")
        refuse_unfinished(index)
        with workspace.store.writer() as writer:
            labels = Labels(head.branch or "ours", revision)
            outcome = merge_commits(
                engine,
                workspace.store,
                writer,
                head.commit,
                theirs,
                strategy=strategy,
                labels=labels,
                merge_content=storing(merge_content, writer),
            )
        if outcome.kind == "up-to-date":
            return Merged("up-to-date", engine.read_commit(head.commit or theirs))
        if outcome.kind == "fast-forward" and (fast_forward != "never" or head.commit is None):
            return _fast_forward(workspace, index, head, theirs, revision, verify, progress)
        if fast_forward == "only":
            raise RefusedError(
                "this cannot be done by fast-forward: both sides have commits of their own",
                hints=(f"`aidb merge {revision}` makes a merge commit.",),
            )
        text = message or merge_message(revision, head.branch)
        unfinished = Unfinished("merge", (theirs,), outcome.root, text, revision)
        return carry_out(workspace, index, head, outcome, unfinished, verify, progress)


def carry_out(
    workspace: Workspace,
    index: Index,
    head: Head,
    outcome: MergeOutcome,
    unfinished: Unfinished,
    verify: Verify,
    progress: Progress = SILENT,
) -> Merged:
    """Bring an outcome into the workspace; commit it, or leave it under way if there are conflicts."""
    if not outcome.conflicts:
        event: Literal["commit", "merge"] = "merge" if unfinished.kind == "merge" else "commit"
        base, message = index.state.base_root, unfinished.message
        propose(workspace, head, event, base, outcome.root, message, verify=verify)
        verify = "passed" if verify == "ask" else verify
    done = bring_to(workspace, index, outcome.root, progress=progress)
    conflicts = to_decide(outcome.conflicts, outcome.notes)
    index.state = replace(index.state, merge=unfinished, conflicts=conflicts)
    workspace.save(index)
    raise_damage(done.damaged)
    commit = None if conflicts else conclude(workspace, index, head, verify)
    return Merged(
        "conflicts" if conflicts else "merged",
        commit,
        list(map(ConflictedPath.of, conflicts)),
        list(map(ConflictedPath.of, to_decide(outcome.resolved))),
        done.written,
        done.removed,
        merged_inside(outcome),
    )


def storing(merge_content: ContentMerge | None, writer: StoreWriter) -> MergeContent | None:
    """The function that merges content, once there is a writer to store it."""
    return None if merge_content is None else partial(merge_content, writer)


def to_decide(
    conflicts: Iterable[ManifestConflict], notes: Mapping[RepoPath, str] = MappingProxyType({})
) -> tuple[Conflict, ...]:
    """Conflicts as the index keeps them."""
    return tuple(
        Conflict(c.path, c.base, c.ours, c.theirs, str(c.reason), notes.get(c.path, "")) for c in conflicts
    )


def merged_inside(outcome: MergeOutcome) -> list[str]:
    """The paths of files whose content was merged."""
    return [decode_path(change.path) for change in outcome.merged_inside]


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


def _go_on(workspace: Workspace, index: Index, head: Head, verify: Verify) -> Merged:
    """The same merge again: conclude it if all conflicts are settled."""
    refuse_moved(index, head)
    refuse_conflicts(index)
    return Merged("merged", conclude(workspace, index, head, verify))


def _fast_forward(
    workspace: Workspace,
    index: Index,
    head: Head,
    theirs: CommitId,
    revision: str,
    verify: Verify,
    progress: Progress,
) -> Merged:
    commit = workspace.engine.read_commit(theirs)
    tip = None if head.commit is None else workspace.engine.read_commit(head.commit).root
    propose(workspace, head, "merge", tip, commit.root, commit.message, verify=verify)
    done = bring_to(workspace, index, commit.root, progress=progress)
    index.state = replace(index.state, base=theirs, base_root=commit.root)
    workspace.save(index, durable=False)
    advance(workspace, head, commit, f"merge {revision}: Fast-forward", "merge")
    raise_damage(done.damaged)
    return Merged("fast-forward", commit, written=done.written, removed=done.removed)
