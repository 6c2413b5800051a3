"""Bringing refs, HEAD, what is staged and files back to what operations found: the working part of `undo` and its kin.

In this order: look whether anybody else came in between, files, index, refs. What already is as it was is left alone,
so it does not matter how far an operation came, nor an earlier attempt to take it back.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aidb.errors import RefChangedError, RefusedError
from aidb.progress import Progress
from aidb.types import HEADS, TAGS, CommitId, RefName
from aidb.versioning.head import HEAD
from aidb.versioning.operations import Move, Operation, Rename, View
from aidb.versioning.workspace.differences import between
from aidb.versioning.workspace.lockfile import write_lock
from aidb.versioning.workspace.tracking import track_version
from aidb.versioning.workspace.tree.changes import Changes
from aidb.versioning.workspace.tree.checkout import Outcome, check_out, raise_damage
from aidb.versioning.workspace.verbs.move import rename_back
from aidb.versioning.workspace.views import roots_of, state_before, view_of
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.operations import Recording
    from aidb.versioning.workspace.index.index import Index
    from aidb.versioning.workspace.index.state import State
    from aidb.versioning.workspace.tree.changes import Roots


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What an undo, redo or restore did.

    `operation` was taken back (by a redo: is done again; by a restore: is the last one that stands). `moves` are the
    refs that moved by it, `written` and `removed` count files of the workspace, `lost` are files whose former content
    had not been stored. `upcoming` is what another undo would take back.
    """

    operation: Operation
    moves: list[Move]
    written: int
    removed: int
    lost: tuple[str, ...] = ()
    upcoming: Operation | None = None


@dataclass(slots=True)
class Goal:
    """What is to be as it was.

    Refs go to the old side of `moves`; if they are `checked`, only from one of both sides. The state goes to `state`,
    only from one of those that are `known`, if any are. Files go from the first to the second of two versions.
    """

    moves: list[Move] = field(default_factory=list)
    checked: bool = True
    state: State | None = None
    known: list[View] = field(default_factory=list)
    files: Roots | None = None
    renames: list[Rename] = field(default_factory=list)


def goal_before(index: Index, operation: Operation) -> Goal:
    """What an operation found."""
    goal = Goal(list(reversed(operation.net_moves())), renames=operation.renames)
    if operation.states:
        goal.known = [view for change in operation.states for view in (change.old, change.new)]
        goal.state = state_before(operation, index.state)
    if operation.files is not None:
        old, new = roots_of(operation.files)
        goal.files = new, old
    return goal


def shows(workspace: Workspace, index: Index, operation: Operation) -> bool:
    """Whether anything of an operation can be seen to have been done."""
    state = operation.state()
    return (
        operation.files is not None
        or bool(operation.renames)
        or any(_value(workspace, move.ref) == move.new for move in operation.net_moves())
        or (state is not None and state[0] != state[1] and view_of(index.state) == state[1])
    )


def reach(
    workspace: Workspace,
    index: Index,
    recording: Recording,
    goal: Goal,
    target: Operation,
    force: bool,
    progress: Progress,
) -> TakenBack:
    """Bring about a goal. The caller holds the lock and records.

    Raises RefChangedError, ProtectedBranchError, RefusedError or WouldOverwriteError before anything is changed.
    """
    moves = [_planned(workspace, move, goal, target) for move in goal.moves]
    _refuse_protected(workspace, moves)
    _check_state(index, goal, target)
    here = f"{HEADS}{workspace.engine.head().branch}"
    moves = sorted((move for move in moves if move.old != move.new), key=lambda move: _turn(move, here))
    outcome = _bring_files(workspace, index, goal, force, progress)
    index.state = goal.state or _following(workspace, index.state, moves, here)
    if index.changed:
        workspace.save(index, durable=False)
    for move in moves:
        _move(workspace, move, f"{recording.verb}: {target.subject}")
    head = workspace.engine.head()
    if head.commit is not None and moves:
        write_lock(workspace, workspace.engine.read_commit(head.commit), head.branch)
    # Otherwise an operation whose effects are gone already could not be passed over by another undo.
    recording.begin_now()
    raise_damage(outcome.damaged)
    return TakenBack(target, moves, outcome.written, outcome.removed)


def _check_state(index: Index, goal: Goal, target: Operation) -> None:
    if goal.known and view_of(index.state) not in goal.known:
        raise RefusedError(
            f"what `{target.subject}` left staged has changed since",
            hints=(
                "Take back what came later first, with `aidb undo`; `aidb op log` lists it.",
                "`aidb op restore ID` brings back everything as it was after an operation.",
            ),
        )


def _following(workspace: Workspace, state: State, moves: list[Move], here: str) -> State:
    """Where only the branch moves back that the workspace shows, the base goes with it; what is staged stays."""
    stays = all(move.ref != HEAD for move in moves)
    for move in moves:
        if stays and move.ref == here and move.old == state.base:
            commit = None if move.new is None else workspace.engine.read_commit(CommitId(move.new))
            base, root = (None, None) if commit is None else (commit.id, commit.root)
            return replace(state, base=base, base_root=root)
    return state


def _bring_files(workspace: Workspace, index: Index, goal: Goal, force: bool, progress: Progress) -> Outcome:
    """Files and rows of the index; its state is left to the caller."""
    rename_back(workspace, goal.renames)
    changes = Changes(lambda: ()) if goal.files is None else between(workspace, *goal.files)
    outcome = check_out(workspace, index, changes, force=force, progress=progress)
    root = index.state.staged_root if goal.state is None else goal.state.staged_root
    track_version(workspace, index, root, changes)
    return outcome


def _planned(workspace: Workspace, move: Move, goal: Goal, target: Operation) -> Move:
    """From where a ref is now to where it was. Raises RefChangedError if somebody else moved it since."""
    now = _value(workspace, move.ref)
    if goal.checked and now not in (move.old, move.new):
        name = move.ref.removeprefix(HEADS).removeprefix(TAGS)
        raise RefChangedError(
            f"{name} was moved since: it is at {_short(now)}, not at {_short(move.new)}, where"
            f" `{target.subject}` left it",
            actual=now,
            hints=(
                "`aidb op log` lists what moved it; take that back first.",
                "`aidb op restore ID` brings back everything as it was after an operation.",
            ),
        )
    return Move(move.ref, now, move.old)


def _refuse_protected(workspace: Workspace, moves: list[Move]) -> None:
    """A protected branch is not moved back, whatever moved it: as `reset` is, this is refused."""
    for move in moves:
        if move.ref != HEAD and move.old != move.new:
            workspace.engine.refuse_update(RefName(move.ref), *_commits(move))


def _commits(move: Move) -> tuple[CommitId | None, CommitId | None]:
    old, new = (None if value is None else CommitId(value) for value in (move.old, move.new))
    return old, new


def _turn(move: Move, here: str) -> int:
    """Which refs move first: HEAD goes to a branch that is there, and leaves one before that goes; `a` and `a/b` are
    not there together."""
    if move.ref == HEAD:
        return 2
    return 1 if move.new is not None else 3 if move.ref == here else 0


def _short(value: str | None) -> str:
    if value is None:
        return "no commit"
    return value.removeprefix(f"ref: {HEADS}") if value.startswith("ref: ") else value[:10]


def _value(workspace: Workspace, ref: str) -> str | None:
    """What a ref holds; HEAD's is the text of its file."""
    if ref != HEAD:
        return workspace.engine.read_ref(RefName(ref))
    head = workspace.engine.head()
    return head.commit if head.branch is None else f"ref: {HEADS}{head.branch}"


def _move(workspace: Workspace, move: Move, reason: str) -> None:
    engine = workspace.engine
    old, new = _commits(move)
    if move.ref != HEAD:
        engine.update_ref(RefName(move.ref), old, new, reason)
    elif new is not None and new.startswith("ref: "):
        engine.set_head(new.removeprefix(f"ref: {HEADS}"), reason=reason)
    else:
        engine.set_head(None, new, reason=reason)
