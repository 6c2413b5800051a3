"""The state of the index as the operation log records it, and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aidb.errors import DamagedObjectError
from aidb.types import CommitId, ObjectId
from aidb.versioning.operations import Files, Merging, StateChange, View
from aidb.versioning.workspace.index.state import (
    KINDS,
    Conflict,
    State,
    Unfinished,
    decode_conflicts,
    encode_conflicts,
)

if TYPE_CHECKING:
    from aidb.versioning.operations import Operation
    from aidb.versioning.workspace.tree.changes import Roots


def view_of(state: State) -> View:
    """A state without its conflicts."""
    merge = state.merge
    merging = None
    if merge is not None:
        merging = Merging(
            merge.kind, merge.heads, _hex(merge.root), _plain(merge.message), _plain(merge.name)
        )
    return View(state.base, _hex(state.base_root), _hex(state.staged_root), merging)


def change_of(old: State, new: State) -> StateChange:
    """What leads from one state to another."""
    gone = [conflict for conflict in old.conflicts if conflict not in new.conflicts]
    come = [conflict for conflict in new.conflicts if conflict not in old.conflicts]
    return StateChange(view_of(old), view_of(new), _encode(gone), _encode(come))


def state_before(operation: Operation, now: State) -> State:
    """The state that an operation found. Whether its changes were all made does not matter."""
    view = operation.states[0].old
    conflicts = {conflict.path: conflict for conflict in now.conflicts}
    for change in reversed(operation.states):
        for conflict in _decode(change.come):
            conflicts.pop(conflict.path, None)
        conflicts.update((conflict.path, conflict) for conflict in _decode(change.gone))
    ordered = tuple(conflicts[path] for path in sorted(conflicts))
    return State(
        None if view.base is None else CommitId(view.base),
        _id(view.base_root),
        _id(view.staged),
        _unfinished(view.merge),
        ordered,
    )


def conflicts_of(operation: Operation) -> Iterator[Conflict]:
    """Every conflict that an operation made or ended."""
    for change in operation.states:
        yield from _decode(change.gone)
        yield from _decode(change.come)


def files_between(roots: Roots, kept: int = 0, lost: tuple[str, ...] = ()) -> Files:
    """Files that go from one version to another."""
    return Files(_hex(roots[0]), _hex(roots[1]), kept, lost)


def roots_of(files: Files) -> Roots:
    """The two versions between which files went."""
    return _id(files.old), _id(files.new)


def _unfinished(merging: Merging | None) -> Unfinished | None:
    if merging is None:
        return None
    kind = next((kind for kind in KINDS if kind == merging.kind), None)
    if kind is None:
        raise DamagedObjectError(f"the operation log names a {merging.kind!r}, which is not known here")
    heads = tuple(CommitId(head) for head in merging.heads)
    return Unfinished(kind, heads, _id(merging.root), merging.message, merging.name)


def _encode(conflicts: list[Conflict]) -> bytes:
    return encode_conflicts(conflicts) if conflicts else b""


def _decode(data: bytes) -> list[Conflict]:
    return decode_conflicts(data) if data else []


def staged_roots(old: View, new: View) -> Roots:
    """What is staged in one and in another state."""
    return _id(old.staged), _id(new.staged)


def _plain(text: str) -> str:
    """Without what JSON cannot hold; the index replaces the same."""
    return text.encode("utf-8", "replace").decode()


def _hex(root: ObjectId | None) -> str | None:
    return None if root is None else root.hex()


def _id(root: str | None) -> ObjectId | None:
    return None if root is None else ObjectId(bytes.fromhex(root))
