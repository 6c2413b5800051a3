"""`undo` and `redo`: take back what the last command did, or do it again.

Both are operations themselves. One that was killed goes on where it was when it is run again.
"""

from __future__ import annotations

from dataclasses import replace

from aidb.errors import NothingToDoError
from aidb.progress import SILENT, Progress
from aidb.versioning.operations import Operation, interrupted, stacks
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.taking_back import TakenBack, goal_before, reach, shows
from aidb.versioning.workspace.workspace import Workspace


def undo(
    workspace: Workspace, name: str | None = None, *, force: bool = False, progress: Progress = SILENT
) -> TakenBack:
    """Take back the last operation of this workspace that stands, or the one called `name`.

    Raises NothingToDoError, RefChangedError if a ref was moved since, ProtectedBranchError, RefusedError if later work
    builds on it, and WouldOverwriteError if files were changed since, unless `force`, which stores their content first.
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
        with log.recording("undo", target.subject, undoes=undoes, resume=resumed) as recording:
            done = reach(workspace, index, recording, goal_before(index, target), target, force, progress)
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
        with log.recording("redo", target.subject, redoes=target.id, resume=resumed) as recording:
            return reach(workspace, index, recording, goal_before(index, undoing), target, force, progress)


def _last_in_effect(workspace: Workspace, index: Index, standing: list[Operation]) -> Operation:
    """The last operation that stands. One that was killed before it changed anything does not."""
    for operation in reversed(standing):
        if operation.done or shows(workspace, index, operation):
            return operation
    raise NothingToDoError(
        "there is nothing to undo", hints=("`aidb op log` lists the operations that are remembered.",)
    )
