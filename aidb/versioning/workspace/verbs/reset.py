"""`reset`: move the current branch to another commit; what is staged and the files follow or stay, by mode.

The commits left behind stay in the reflog. In this order: files, index, branch, so a reset that was killed can be run
again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from aidb.errors import RefusedError, WouldOverwriteError
from aidb.progress import SILENT, Progress
from aidb.types import ObjectId, show_path
from aidb.versioning.head import HEAD
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.report import named, some
from aidb.versioning.workspace.targets import Given, targets
from aidb.versioning.workspace.tree.checkout import Outcome, raise_damage
from aidb.versioning.workspace.verbs.commit import advance
from aidb.versioning.workspace.verbs.restore import unstage
from aidb.versioning.workspace.verbs.switch import bring_to
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.commits import Commit

Mode = Literal["soft", "mixed", "hard"]


def reset(
    workspace: Workspace,
    revision: str = "HEAD",
    *,
    mode: Mode = "mixed",
    paths: Given = (),
    force: bool = False,
    progress: Progress = SILENT,
) -> Commit | None:
    """Move the branch to `revision` and return that commit; with `paths`, only un-stage those and return None.

    `soft` keeps what is staged, `mixed` un-stages everything, `hard` makes the files those of the commit, too; without
    `force` it is refused if uncommitted work would be lost. Before the first commit, only un-staging makes sense.
    """
    from aidb.versioning.revisions import resolve

    wanted = targets(workspace.root, paths)
    with workspace.changing("reset", named(wanted) if wanted else f"--{mode} {revision}") as index:
        head = workspace.engine.head()
        unborn = head.commit is None and revision == "HEAD"
        commit = None if unborn else workspace.engine.read_commit(resolve(workspace.engine, revision))
        root = None if commit is None else commit.root
        if wanted or commit is None:
            unstage(workspace, index, root, wanted or [b""])
            return None
        if commit.id != head.commit:
            workspace.engine.refuse_protected(HEAD, "force")
        outcome = _follow(workspace, index, root, mode, force=force, progress=progress)
        merge = index.state.merge if mode == "soft" else None
        index.state = replace(index.state, base=commit.id, base_root=root, merge=merge)
        if index.changed:
            workspace.save(index, durable=index.state.staged_root != root)
        if commit.id != head.commit:
            advance(workspace, head, commit, f"reset: moving to {revision}", "force")
        raise_damage(outcome.damaged)
        return commit


def _follow(
    workspace: Workspace, index: Index, root: ObjectId | None, mode: Mode, *, force: bool, progress: Progress
) -> Outcome:
    if mode == "soft":
        if index.state.merge is not None:
            raise RefusedError(
                f"a {index.state.merge.kind} is under way",
                hints=("Finish it with `aidb commit`, or give it up with `aidb merge --abort`.",),
            )
        return Outcome()
    if mode == "mixed":
        unstage(workspace, index, root, [b""])
        index.state = replace(index.state, conflicts=())
        return Outcome()
    if not force:
        _refuse_losing_staged(workspace, index, root)
    outcome = bring_to(workspace, index, root, discard=True, force=force, progress=progress)
    index.state = replace(index.state, conflicts=())
    return outcome


def _refuse_losing_staged(workspace: Workspace, index: Index, root: ObjectId | None) -> None:
    """What is staged but in no commit would be forgotten."""
    from aidb.versioning.manifest import diff

    state = index.state
    base, staged, target = map(workspace.manifest, (state.base_root, state.staged_root, root))
    lost = [
        change.path
        for change in diff(base, staged)
        if change.new is not None and target.get(change.path) != change.new
    ]
    if lost:
        raise WouldOverwriteError(
            f"what is staged would be lost: {some(lost)}",
            paths=tuple(map(show_path, lost)),
            hints=("Commit it first, or throw it away with `aidb reset --hard --force`.",),
        )
