"""`op restore`: bring everything to what it was right after an operation.

As if all operations since were taken back, the last one first, but in one go. Besides, a file that a person changed
since goes back to what was staged, if what it holds has been recorded; files that were merely added since stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from aidb.progress import SILENT, Progress
from aidb.types import Entry, RepoPath
from aidb.versioning.operations import Move, Operation, interrupted
from aidb.versioning.workspace.differences import between
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.taking_back import Goal, TakenBack, reach
from aidb.versioning.workspace.tree.keeping import Sides, sides_between, stored
from aidb.versioning.workspace.views import roots_of, staged_roots, state_before
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.manifest import Manifest
    from aidb.versioning.workspace.tree.changes import Roots


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
            goal = _goal(workspace, index, later)
            return reach(workspace, index, recording, goal, target, force, progress)


def _goal(workspace: Workspace, index: Index, operations: Sequence[Operation]) -> Goal:
    """What the first of some operations found, the others having followed it."""
    goal = Goal(checked=False)
    moves: dict[str, Move] = {}
    state = index.state
    for operation in reversed(operations):
        for move in reversed(operation.net_moves()):
            moves[move.ref] = move
        if operation.states:
            goal.state = state = state_before(operation, state)
    goal.moves = list(moves.values())
    was, now = workspace.manifest(state.staged_root), workspace.manifest(index.state.staged_root)
    files = _files(workspace, operations)
    for change in between(workspace, now.root, was.root):
        if change.new is not None and change.path not in files.old:
            files.old[change.path], files.new[change.path] = change.new, change.old
    recorded = [workspace.manifest(roots[1]) for roots in _staged(operations)]
    for path, old in files.old.items():
        files.old[path] = _wanted(path, old, was.get(path), recorded)
    if files.old:
        old_root, new_root = stored(workspace, files)
        goal.files = new_root, old_root
    return goal


def _files(workspace: Workspace, operations: Iterable[Operation]) -> Sides:
    """What files held before the operations touched them, and after."""
    total = Sides({}, {})
    for operation in operations:
        roots = [] if operation.files is None else [roots_of(operation.files)]
        # What is renamed is not stored: what was staged of it stands for it.
        roots += _staged([operation]) if operation.renames else []
        for pair in roots:
            found = sides_between(workspace, pair)
            total = Sides({**found.old, **total.old}, {**total.new, **found.new})
    return total


def _staged(operations: Iterable[Operation]) -> list[Roots]:
    """What was staged before and after each change of it."""
    return [staged_roots(change.old, change.new) for operation in operations for change in operation.states]


def _wanted(
    path: RepoPath, found: Entry | None, staged: Entry | None, recorded: Sequence[Manifest]
) -> Entry | None:
    """What a file is to hold: what was staged, unless what was found is nowhere else."""
    if found == staged or staged is None:
        return found
    return staged if any(manifest.get(path) == found for manifest in recorded) else found
