"""`switch`: make the workspace show another branch or commit.

In this order: plan, refuse if anything would be lost, files, index, HEAD. A switch that was killed can be run again:
files that already are as they should be are not taken for local changes. What is staged or changed on paths that do
not differ between the two versions is carried along.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aidb.errors import (
    InvalidNameError,
    InvalidPathError,
    RefusedError,
    RevisionNotFoundError,
    WouldOverwriteError,
)
from aidb.progress import SILENT, Progress
from aidb.types import CommitId, Entry, ObjectId, branch_ref, show_path
from aidb.versioning.workspace.differences import between, overwriting
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.state import State
from aidb.versioning.workspace.lockfile import read_lock, write_lock
from aidb.versioning.workspace.tree.checkout import Outcome, check_out, raise_damage
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.manifest import Change, Manifest


@dataclass(frozen=True, slots=True)
class Switched:
    """Where HEAD is now, and how many files were written and removed to get there."""

    branch: str | None
    commit: CommitId | None
    written: int
    removed: int
    notes: list[str]


def switch(
    workspace: Workspace,
    target: str,
    *,
    detach: bool = False,
    force: bool = False,
    progress: Progress = SILENT,
) -> Switched:
    """Go to a branch; with `detach`, to any revision. `-` is the branch before. `force` throws local changes away.

    Raises WouldOverwriteError listing what would be lost, RefusedError while a merge waits,
    RevisionNotFoundError, and DamagedObjectError after everything that is not damaged was written.
    """
    with workspace.changing("switch", target) as index:
        branch, commit = _find(workspace, target, detach=detach)
        switched = go(workspace, index, branch, commit, force=force, progress=progress)
    return _told(workspace, switched)


def switch_to_new(
    workspace: Workspace,
    name: str,
    *,
    start: str = "HEAD",
    force: bool = False,
    progress: Progress = SILENT,
) -> Switched:
    """Make the branch `name` at `start` and go to it."""
    from aidb.versioning.revisions import resolve

    engine = workspace.engine
    ref = branch_ref(name)
    with workspace.changing("switch", f"-c {name}") as index:
        head = engine.head()
        if engine.read_ref(ref) is not None or (head.commit is None and head.branch == name):
            raise RefusedError(
                f"there is a branch {name} already",
                hints=(f"Go to it with `aidb switch {name}`, or choose another name.",),
            )
        if start == "HEAD" and head.commit is None:
            engine.set_head(name)
            return Switched(name, None, 0, 0, index.notes)
        commit = index.state.base if start == "HEAD" else resolve(engine, start)
        switched = go(workspace, index, name, commit, create=True, force=force, progress=progress)
    return _told(workspace, switched)


def sync(workspace: Workspace, *, force: bool = False, progress: Progress = SILENT) -> Switched:
    """Go to the commit that `aidb.lock` pins: to its branch if that still is there, else detached.

    Raises NotFoundError without an `aidb.lock`, RevisionNotFoundError if this repository lacks the commit.
    """
    pinned = read_lock(workspace)
    engine = workspace.engine
    with workspace.changing("sync", pinned.commit[:10]) as index:
        if not engine.expand_prefix(pinned.commit):
            raise RevisionNotFoundError(
                f"aidb.lock pins commit {pinned.commit[:10]}, which this repository does not have",
                hints=("Get it from where it was made, for example a copy of its .aidb folder.",),
            )
        branch = pinned.branch
        if branch is not None and engine.read_ref(branch_ref(branch)) != pinned.commit:
            branch = None
        switched = go(workspace, index, branch, pinned.commit, force=force, progress=progress)
    return _told(workspace, switched)


def _told(workspace: Workspace, switched: Switched) -> Switched:
    """Once the lock is free, whoever wants to know hears of it."""
    workspace.gate.done("switch", switched.branch)
    return switched


def go(
    workspace: Workspace,
    index: Index,
    branch: str | None,
    commit: CommitId | None,
    *,
    create: bool = False,
    force: bool = False,
    progress: Progress = SILENT,
) -> Switched:
    """Go to a branch at `commit` (made if `create`), or to `commit` alone. The caller holds the lock."""
    engine = workspace.engine
    if index.state.merge is not None and not force:
        raise RefusedError(
            f"a {index.state.merge.kind} is under way",
            hints=("Finish it with `aidb commit`, or give it up with `aidb merge --abort`.",),
        )
    root = None if commit is None else engine.read_commit(commit).root
    outcome = bring_to(workspace, index, root, discard=force, force=force, progress=progress)
    index.state = replace(index.state, base=commit, base_root=root, merge=None, conflicts=())
    if index.changed:
        workspace.save(index, durable=index.state.staged_root != root)
    if create and branch is not None:
        engine.update_ref(branch_ref(branch), None, commit, f"branch: Created from {(commit or '')[:10]}")
    engine.set_head(branch, commit)
    if commit is not None:
        write_lock(workspace, engine.read_commit(commit), branch)
    raise_damage(outcome.damaged)
    return Switched(branch, commit, outcome.written, outcome.removed, index.notes)


def bring_to(
    workspace: Workspace,
    index: Index,
    root: ObjectId | None,
    *,
    discard: bool = False,
    force: bool = False,
    progress: Progress = SILENT,
) -> Outcome:
    """Bring files and what is staged from the base to the version `root`, carrying what is staged along.

    With `discard`, nothing is carried: files and what is staged become exactly those of `root`; `force` allows to
    lose local work by it. The index is changed but not saved, and its base is left to the caller.
    """
    state = index.state
    if discard:
        staged, changes = root, overwriting(workspace, index, root)
    else:
        staged = _carried(workspace, state, root)
        changes = between(workspace, state.staged_root, staged)
    outcome = check_out(workspace, index, changes, force=force, progress=progress)
    index.state = replace(index.state, staged_root=staged)
    return outcome


def _carried(workspace: Workspace, state: State, root: ObjectId | None) -> ObjectId | None:
    """The manifest of `root` with what is staged on top. Raises WouldOverwriteError where both touch a path."""
    if state.staged_root == state.base_root:
        return root
    if root == state.base_root:
        return state.staged_root
    from aidb.versioning.manifest import diff, edit

    base, staged, target = map(workspace.manifest, (state.base_root, state.staged_root, root))
    mine = list(diff(base, staged))
    lost = [change.path for change in mine if _touched(change, base, target)]
    try:
        if not lost:
            with workspace.store.writer() as writer:
                return edit(target, writer, [(change.path, change.new) for change in mine])
    except InvalidPathError as error:
        raise WouldOverwriteError(
            f"what is staged does not fit there: {error.message}", hints=_COMMIT
        ) from error
    shown = tuple(show_path(path) for path in lost)
    raise WouldOverwriteError(
        f"staged changes would be lost: {', '.join(shown[:3])}", paths=shown, hints=_COMMIT
    )


_COMMIT = ("Commit what is staged first (`aidb commit`), or un-stage it with `aidb restore --staged`.",)


def _touched(mine: Change, base: Manifest, target: Manifest) -> bool:
    theirs: Entry | None = target.get(mine.path)
    return theirs != base.get(mine.path) and theirs != mine.new


def _find(workspace: Workspace, target: str, *, detach: bool) -> tuple[str | None, CommitId | None]:
    from aidb.versioning.revisions import previous_branch, resolve

    engine = workspace.engine
    head = engine.head()
    if target in ("-", "@{-1}"):
        target = previous_branch(engine)
    if not detach:
        if head.branch == target:
            return target, head.commit
        with contextlib.suppress(InvalidNameError):
            commit = engine.read_ref(branch_ref(target))
            if commit is not None:
                return target, commit
    commit = resolve(engine, target)
    if not detach:
        raise RevisionNotFoundError(
            f"{target!r} is a commit, not a branch",
            hints=(
                f"`aidb switch --detach {target}` looks at it without a branch.",
                f"`aidb switch -c NAME {target}` starts one.",
            ),
        )
    return None, commit
