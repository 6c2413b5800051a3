"""`stash pop` and `stash apply`: bring work that was put aside back, on whatever branch.

In this order: files, index, and only then the ref goes. One that was killed goes on where it was when it is run again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from aidb.errors import WouldOverwriteError
from aidb.progress import SILENT, Progress
from aidb.types import ObjectId, show_path
from aidb.versioning.manifest import Change
from aidb.versioning.operations import interrupted
from aidb.versioning.stashes import Stashed, find_stash
from aidb.versioning.workspace.differences import between
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.state import Unfinished
from aidb.versioning.workspace.tracking import track_version
from aidb.versioning.workspace.tree.changes import Changes
from aidb.versioning.workspace.tree.checkout import check_out, raise_damage
from aidb.versioning.workspace.verbs.commit import refuse_moved
from aidb.versioning.workspace.verbs.merge import merged_inside, storing, to_decide
from aidb.versioning.workspace.verbs.stash import refuse_under_way, root_of
from aidb.versioning.workspace.verbs.status import ConflictedPath
from aidb.versioning.workspace.views import view_of
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.merge import MergeOutcome
    from aidb.versioning.workspace.verbs.merge import ContentMerge


@dataclass(frozen=True, slots=True)
class Unstashed:
    """What bringing a stash back came to. With `conflicts`, ours stands in the workspace and the stash is kept.

    `merged_inside` are the paths of files whose content was merged.
    """

    stash: Stashed
    conflicts: list[ConflictedPath] = field(default_factory=list)
    dropped: bool = False
    written: int = 0
    removed: int = 0
    merged_inside: list[str] = field(default_factory=list)


def unstash(
    workspace: Workspace,
    name: str | None = None,
    *,
    drop: bool = False,
    merge_content: ContentMerge | None = None,
    progress: Progress = SILENT,
) -> Unstashed:
    """Merge a stash into the files and into what is staged; then remove it, if asked to `drop` it.

    What was staged is staged again. Where that, or the files, conflict with what was committed since, everything is
    staged as in a merge, and conflicts wait for decisions. `merge_content` as for a merge.

    Raises WouldOverwriteError if changed files are concerned.
    """
    log, engine = workspace.operation_log, workspace.engine
    stash = find_stash(engine, name)
    verb, about = f"stash {'pop' if drop else 'apply'}", f"{stash.name} ({stash.commit[:10]})"
    with workspace.changing() as index:
        refuse_moved(index, engine.head())
        refuse_under_way(index)
        resumed = interrupted(log.read(), verb)
        if resumed is not None and resumed.about != about:
            resumed = None
        with log.recording(verb, about, resume=resumed):
            state = None if resumed is None else resumed.state()
            is_back = state is not None and state[1] == view_of(index.state)
            if is_back:
                done = Unstashed(stash)
            else:
                done = _bring_back(workspace, index, stash, merge_content, progress)
            if drop and not done.conflicts:
                engine.update_ref(stash.ref, stash.commit, None, f"stash: popped {stash.message}")
                done = replace(done, dropped=True)
        return done


def _bring_back(
    workspace: Workspace,
    index: Index,
    stash: Stashed,
    merge_content: ContentMerge | None,
    progress: Progress,
) -> Unstashed:
    outcome, staged = _merge(workspace, index, stash, merge_content)
    written = _arriving(workspace, index, outcome.root, stash)
    done = check_out(workspace, index, written, progress=progress)
    track_version(workspace, index, staged, written)
    index.state = replace(index.state, staged_root=staged, **_unsettled(outcome, stash))
    workspace.save(index)
    raise_damage(done.damaged)
    return Unstashed(
        stash,
        list(map(ConflictedPath.of, index.state.conflicts)),
        written=done.written,
        removed=done.removed,
        merged_inside=merged_inside(outcome),
    )


def _merge(
    workspace: Workspace, index: Index, stash: Stashed, merge_content: ContentMerge | None
) -> tuple[MergeOutcome, ObjectId]:
    """The files to be, and what is to be staged."""
    from aidb.versioning.merge import merge_manifests

    base, files, staged = (
        workspace.manifest(root_of(workspace, commit)) for commit in (stash.base, stash.commit, stash.staged)
    )
    ours = workspace.manifest(index.state.staged_root)
    with workspace.store.writer() as writer:
        bring = partial(
            merge_manifests,
            writer,
            base,
            ours,
            merge_content=storing(merge_content, writer),
        )
        outcome, to_stage = bring(files), bring(staged)
    return outcome, outcome.root if outcome.conflicts or to_stage.conflicts else to_stage.root


def _arriving(workspace: Workspace, index: Index, root: ObjectId, stash: Stashed) -> Changes:
    """From what is staged to the files to be, with the untracked ones. Raises WouldOverwriteError."""
    changes = between(workspace, index.state.staged_root, root)
    if stash.untracked is None:
        return changes
    tracked = workspace.manifest(root)
    plan = {change.path: change for change in changes}
    for path, entry in workspace.manifest(root_of(workspace, stash.untracked)).items():
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
    return {"merge": unfinished, "conflicts": to_decide(outcome.conflicts, outcome.notes)}
