"""`undo`, `redo` and `op restore`: bring refs, HEAD, what is staged and files back to what operations found.

Itself an operation, so it can be taken back in turn. In this order: look whether anybody else came in between, files,
index, refs. One that was killed goes on where it was when it is run again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aidb.errors import NothingToDoError, RefChangedError, RefusedError
from aidb.progress import SILENT, Progress
from aidb.types import HEADS, TAGS, CommitId, RefName
from aidb.versioning.head import HEAD
from aidb.versioning.operations import Move, Operation, Rename, interrupted, stacks
from aidb.versioning.workspace.differences import between
from aidb.versioning.workspace.lockfile import write_lock
from aidb.versioning.workspace.tracking import track_version
from aidb.versioning.workspace.tree.changes import Changes
from aidb.versioning.workspace.tree.checkout import Outcome, check_out, raise_damage
from aidb.versioning.workspace.tree.keeping import joined
from aidb.versioning.workspace.verbs.move import rename_back
from aidb.versioning.workspace.views import roots_of, staged_roots, state_before, view_of
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
    had not been stored. `upcoming` is what the next undo would take back.
    """

    operation: Operation
    moves: list[Move]
    written: int
    removed: int
    lost: tuple[str, ...] = ()
    upcoming: Operation | None = None


@dataclass(slots=True)
class _Goal:
    """What is to be as it was. A ref may move only from the values in `moves`, if they are `checked`."""

    moves: list[Move] = field(default_factory=list)
    checked: bool = True
    state: State | None = None
    files: Roots | None = None
    renames: list[Rename] = field(default_factory=list)


def undo(
    workspace: Workspace, name: str | None = None, *, force: bool = False, progress: Progress = SILENT
) -> TakenBack:
    """Take back the last operation of this workspace that stands, or the one called `name`.

    Raises NothingToDoError, RefChangedError if a ref was moved since, RefusedError if later work builds on it, and
    WouldOverwriteError if files were changed since, unless `force`, which stores their content first.
    """
    log = workspace.operation_log
    with workspace.changing() as index:
        operations = log.read()
        standing = stacks(operations).standing
        resumed = interrupted(operations, "undo") if name is None else None
        if resumed is not None and resumed.undoes is not None:
            target = log.find(resumed.undoes)
        else:
            resumed = None
            target = _last_in_effect(workspace, index, standing) if name is None else log.find(name)
        undoes = target.id if target.id in [operation.id for operation in standing[-1:]] else None
        with log.recording("undo", target.title, undoes=undoes, resume=resumed) as recording:
            done = _reach(workspace, index, recording, _before(index, target), target, force, progress)
        left = [operation for operation in standing if operation.id != target.id]
        lost = target.files.lost if target.files else ()
        return replace(done, lost=lost, upcoming=left[-1] if left else None)


def redo(workspace: Workspace, *, force: bool = False, progress: Progress = SILENT) -> TakenBack:
    """Do again what the last undo took back. Raises as `undo` does."""
    log = workspace.operation_log
    with workspace.changing() as index:
        operations = log.read()
        resumed = interrupted(operations, "redo")
        if resumed is not None:
            undoings = [operation for operation in operations if operation.undoes == resumed.redoes]
        else:
            undoings = stacks(operations).undoings
        undoing = undoings[-1] if undoings else None
        if undoing is None or undoing.undoes is None:
            raise NothingToDoError(
                "there is nothing to redo",
                hints=("`aidb redo` follows `aidb undo`, before anything else is done.",),
            )
        target = log.find(undoing.undoes)
        with log.recording("redo", target.title, redoes=target.id, resume=resumed) as recording:
            done = _reach(workspace, index, recording, _before(index, undoing), target, force, progress)
        return replace(done, upcoming=target)


def restore_operation(
    workspace: Workspace, name: str, *, force: bool = False, progress: Progress = SILENT
) -> TakenBack:
    """Make refs, HEAD, what is staged and files what they were right after the operation `name`."""
    log = workspace.operation_log
    with workspace.changing() as index:
        target = log.find(name)
        operations = log.read()
        resumed = interrupted(operations, "op restore")
        if resumed is not None and resumed.about != target.id:
            resumed = None
        at = next(at for at, operation in enumerate(operations) if operation.id == target.id)
        later = [operation for operation in operations[at + 1 :] if operation is not resumed]
        with log.recording("op restore", target.id, resume=resumed) as recording:
            goal = _before_all(workspace, index, later)
            done = _reach(workspace, index, recording, goal, target, force, progress)
        return replace(done, upcoming=log.read()[-1])


def _last_in_effect(workspace: Workspace, index: Index, standing: list[Operation]) -> Operation:
    """The last operation that stands. One that was killed before it changed anything does not."""
    for operation in reversed(standing):
        if operation.done or _shows(workspace, index, operation):
            return operation
    raise NothingToDoError(
        "there is nothing to undo", hints=("`aidb op log` lists the operations that are remembered.",)
    )


def _shows(workspace: Workspace, index: Index, operation: Operation) -> bool:
    state = operation.state()
    return (
        operation.files is not None
        or bool(operation.renames)
        or any(_value(workspace, move.ref) == move.new for move in operation.net_moves())
        or (state is not None and state[0] != state[1] and view_of(index.state) == state[1])
    )


def _before(index: Index, operation: Operation) -> _Goal:
    """What an operation found. Raises RefusedError if the index is no longer what it left."""
    goal = _Goal(list(reversed(operation.net_moves())), renames=operation.renames)
    if (state := operation.state()) is not None:
        if view_of(index.state) not in state:
            raise RefusedError(
                f"what `{operation.title}` left staged has changed since",
                hints=(
                    "Take back what came later first, with `aidb undo`; `aidb op log` lists it.",
                    "`aidb op restore ID` brings back everything as it was after an operation.",
                ),
            )
        goal.state = state_before(operation, index.state)
    if operation.files is not None:
        goal.files = _turned(roots_of(operation.files))
    return goal


def _before_all(workspace: Workspace, index: Index, operations: list[Operation]) -> _Goal:
    """What the first of some operations found, the others having followed it."""
    goal = _Goal(checked=False)
    moves: dict[str, Move] = {}
    state = index.state
    for operation in reversed(operations):
        for move in reversed(operation.net_moves()):
            moves[move.ref] = move
        if operation.states:
            goal.state = state = state_before(operation, state)
    for operation in operations:
        for later in _file_roots(operation):
            goal.files = later if goal.files is None else joined(workspace, goal.files, later, oldest=True)
    goal.files = goal.files and _turned(goal.files)
    goal.moves = list(moves.values())
    return goal


def _file_roots(operation: Operation) -> Iterator[Roots]:
    """The versions between which files went; those of a rename are what was staged before and after it."""
    if operation.files is not None:
        yield roots_of(operation.files)
    if operation.renames and (state := operation.state()) is not None:
        yield staged_roots(*state)


def _turned(roots: Roots) -> Roots:
    return roots[1], roots[0]


def _reach(
    workspace: Workspace,
    index: Index,
    recording: Recording,
    goal: _Goal,
    target: Operation,
    force: bool,
    progress: Progress,
) -> TakenBack:
    """Bring about a goal. The caller holds the lock and records."""
    moves = [_planned(workspace, move, goal, target) for move in goal.moves]
    here = f"{HEADS}{workspace.engine.head().branch}"
    moves = sorted((move for move in moves if move.old != move.new), key=lambda move: _turn(move, here))
    outcome = _bring_files(workspace, index, goal, force, progress)
    state = goal.state or index.state
    index.state = state
    if index.changed:
        workspace.save(index, durable=False)
    for move in moves:
        _move(workspace, move, f"{recording.verb}: {target.title}")
    head = workspace.engine.head()
    if head.commit is not None and moves:
        write_lock(workspace, workspace.engine.read_commit(head.commit), head.branch)
    # Otherwise an operation whose effects are gone already could not be passed over by another undo.
    recording.begin_now()
    raise_damage(outcome.damaged)
    return TakenBack(target, moves, outcome.written, outcome.removed)


def _bring_files(workspace: Workspace, index: Index, goal: _Goal, force: bool, progress: Progress) -> Outcome:
    """Files and rows of the index; its state is left to the caller."""
    rename_back(workspace, goal.renames)
    changes = Changes(lambda: ()) if goal.files is None else between(workspace, *goal.files)
    outcome = check_out(workspace, index, changes, force=force, progress=progress)
    root = index.state.staged_root if goal.state is None else goal.state.staged_root
    track_version(workspace, index, root, changes)
    return outcome


def _planned(workspace: Workspace, move: Move, goal: _Goal, target: Operation) -> Move:
    """From where a ref is now to where it was. Raises RefChangedError if somebody else moved it since."""
    now = _value(workspace, move.ref)
    if goal.checked and now not in (move.old, move.new):
        name = move.ref.removeprefix(HEADS).removeprefix(TAGS)
        raise RefChangedError(
            f"{name} was moved since: it is at {_short(now)}, not at {_short(move.new)}, where"
            f" `{target.title}` left it",
            actual=now,
            hints=(
                "`aidb op log` lists what moved it; take that back first.",
                "`aidb op restore ID` brings back everything as it was after an operation.",
            ),
        )
    return Move(move.ref, now, move.old)


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
    old, new = (None if value is None else CommitId(value) for value in (move.old, move.new))
    if move.ref != HEAD:
        engine.update_ref(RefName(move.ref), old, new, reason)
    elif new is not None and new.startswith("ref: "):
        engine.set_head(new.removeprefix(f"ref: {HEADS}"), reason=reason)
    else:
        engine.set_head(None, new, reason=reason)
