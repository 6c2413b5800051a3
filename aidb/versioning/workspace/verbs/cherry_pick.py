"""`cherry-pick`: do what some commits did once more, on the current branch; each becomes a commit of its own.

In the same steps as a merge for each commit; stops at conflicts like one. Run again, it goes on where it was: what is
there already is not picked twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from aidb.errors import NothingToDoError
from aidb.progress import SILENT, Progress
from aidb.types import CommitId
from aidb.versioning.head import HEAD
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.state import Unfinished
from aidb.versioning.workspace.proposing import Verify, asking
from aidb.versioning.workspace.verbs.commit import conclude, refuse_conflicts, refuse_moved
from aidb.versioning.workspace.verbs.merge import carry_out, refuse_unfinished, storing
from aidb.versioning.workspace.verbs.status import ConflictedPath
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.commits import Commit
    from aidb.versioning.engine import Engine
    from aidb.versioning.workspace.verbs.merge import ContentMerge


@dataclass(slots=True)
class Picked:
    """What was picked: the new commits, and those whose changes were there already.

    With `conflicts`, `stopped` is the commit that waits for decisions, and `left` are the ones that come after it.
    """

    made: list[Commit] = field(default_factory=list)
    present: list[Commit] = field(default_factory=list)
    conflicts: list[ConflictedPath] = field(default_factory=list)
    stopped: Commit | None = None
    left: list[CommitId] = field(default_factory=list)


def cherry_pick(
    workspace: Workspace,
    revisions: Iterable[str],
    *,
    parent: int | None = None,
    merge_content: ContentMerge | None = None,
    verify: bool = True,
    progress: Progress = SILENT,
) -> Picked:
    """Pick commits in the order given; a range such as `main..clean` stands for its commits, oldest first.

    Without any, the one under way is concluded. `parent` (from 1) says against which parent a merge is compared.
    `merge_content` as for a merge; without `verify`, no check is asked. Raises MergeConflictError while conflicts wait,
    RefusedError while something else is staged or under way, CheckFailedError, ProtectedBranchError.
    """
    picked = Picked()
    pick = partial(
        _pick, workspace, picked=picked, parent=parent, merge_content=merge_content, verify=asking(verify)
    )
    try:
        _pick_all(workspace, list(revisions), picked, partial(pick, progress=progress), asking(verify))
    finally:
        if picked.made:
            workspace.gate.done("commit", workspace.head().branch)
    return picked


def _pick_all(
    workspace: Workspace,
    revisions: list[str],
    picked: Picked,
    pick: Callable[[Index, Commit], None],
    verify: Verify,
) -> None:
    engine = workspace.engine
    with workspace.changing("cherry-pick", " ".join(revisions) or "--continue") as index:
        commits = [commit for revision in revisions for commit in _chosen(engine, revision)]
        refuse_moved(index, engine.head())
        engine.refuse_protected(HEAD, "commit")
        commits = _go_on(workspace, index, commits, picked, verify)
        while commits and picked.stopped is None:
            pick(index, engine.read_commit(commits.pop(0)))
        picked.left = commits


def _chosen(engine: Engine, revision: str) -> list[CommitId]:
    from aidb.versioning.revisions import is_range, resolve, select

    if not is_range(revision):
        return [resolve(engine, revision)]
    commits = engine.walk(*select(engine, revision), order="topological")
    return [commit.id for commit in commits if not commit.is_merge][::-1]


def _go_on(
    workspace: Workspace, index: Index, commits: list[CommitId], picked: Picked, verify: Verify
) -> list[CommitId]:
    """Conclude a pick under way, if it is one of these; the commits that are still to be picked."""
    merge = index.state.merge
    if merge is not None and merge.kind == "cherry-pick" and (not commits or merge.heads[0] in commits):
        refuse_conflicts(index)
        picked.made.append(conclude(workspace, index, workspace.engine.head(), verify))
        return commits[commits.index(merge.heads[0]) + 1 :] if commits else []
    if not commits:
        raise NothingToDoError("no cherry-pick is under way", hints=("`aidb cherry-pick REV` begins one.",))
    refuse_unfinished(index)
    return commits


def _pick(
    workspace: Workspace,
    index: Index,
    commit: Commit,
    *,
    picked: Picked,
    parent: int | None,
    merge_content: ContentMerge | None,
    verify: Verify,
    progress: Progress,
) -> None:
    from aidb.versioning.revert import pick_commit

    engine = workspace.engine
    head = engine.head()
    if head.commit is None:
        raise NothingToDoError(
            f"{head.branch} has no commits yet to pick onto",
            hints=(f"`aidb merge {commit.id[:10]}` begins it with that version.",),
        )
    with workspace.store.writer() as writer:
        outcome = pick_commit(
            engine,
            workspace.store,
            writer,
            commit.id,
            head.commit,
            parent=parent,
            merge_content=storing(merge_content, writer),
        )
    if outcome.kind == "up-to-date":
        picked.present.append(commit)
        return
    unfinished = Unfinished("cherry-pick", (commit.id,), outcome.root, commit.message, commit.id[:10])
    merged = carry_out(workspace, index, head, outcome, unfinished, verify, progress)
    if merged.commit is not None:
        picked.made.append(merged.commit)
    else:
        picked.stopped, picked.conflicts = commit, merged.conflicts
