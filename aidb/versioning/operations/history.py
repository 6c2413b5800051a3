"""What `undo` and `redo` would do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aidb.versioning.operations.record import Operation


class Stacks(NamedTuple):
    """Operations of this workspace that stand, and the undoings that can be taken back; the next one is the last.

    `undone` are the ids of all that do not stand.
    """

    standing: list[Operation]
    undoings: list[Operation]
    undone: set[str]


def interrupted(operations: Sequence[Operation], verb: str) -> Operation | None:
    """The last operation of the workspace, if it is one of that verb that did not come to its end.

    For verbs that go on where they were; who holds the workspace lock knows that nobody is still at work on it.
    """
    last = next((operation for operation in reversed(operations) if operation.local), None)
    return last if last is not None and last.verb == verb and not last.done else None


def stacks(operations: Iterable[Operation]) -> Stacks:
    """Go through the operations, oldest first. Anything new ends what could be redone.

    What was done again stands as its redo, which knows what it found.
    """
    found = Stacks([], [], set())
    earlier: dict[str, set[str]] = {}
    """The operations that a redo does again."""
    for operation in operations:
        if not operation.local:
            continue
        if (name := operation.undoes) is not None:
            if found.standing and found.standing[-1].id == name:
                found.standing.pop()
            found.undoings.append(operation)
            found.undone.update({name, *earlier.get(name, ())})
            continue
        if (name := operation.redoes) is None:
            found.undoings.clear()
        else:
            if found.undoings and found.undoings[-1].undoes == name:
                found.undoings.pop()
            earlier[operation.id] = {name, *earlier.get(name, ())}
            found.undone.difference_update(earlier[operation.id])
        found.standing.append(operation)
    return found
