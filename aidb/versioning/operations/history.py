"""What `undo` and `redo` would do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aidb.versioning.operations.record import Operation


class Stacks(NamedTuple):
    """Operations of this workspace that stand, and the undoings that can be taken back; the next one is the last."""

    standing: list[Operation]
    undoings: list[Operation]


def interrupted(operations: Sequence[Operation], verb: str) -> Operation | None:
    """The last operation of the workspace, if it is one of that verb that did not come to its end.

    For verbs that go on where they were; who holds the workspace lock knows that nobody is still at work on it.
    """
    last = next((operation for operation in reversed(operations) if operation.local), None)
    return last if last is not None and last.verb == verb and not last.done else None


def stacks(operations: Iterable[Operation]) -> Stacks:
    """Go through the operations, oldest first. Anything new ends what could be redone."""
    standing: list[Operation] = []
    undoings: list[Operation] = []
    undone: dict[str, Operation] = {}
    for operation in operations:
        if not operation.local:
            continue
        if operation.undoes is not None:
            if standing and standing[-1].id == operation.undoes:
                undone[operation.undoes] = standing.pop()
            undoings.append(operation)
        elif operation.redoes is not None:
            if undoings and undoings[-1].undoes == operation.redoes:
                undoings.pop()
            standing.append(undone.get(operation.redoes, operation))
        else:
            standing.append(operation)
            undoings.clear()
    return Stacks(standing, undoings)
