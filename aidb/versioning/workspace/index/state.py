"""What the index says about the workspace as a whole, and its bytes (docs/spec/index.md, "State").

Words: the *base* is the commit that the workspace was last brought to; what is *staged* is a whole manifest, so the
staged changes are the difference between the base's manifest and it. A manifest root of None is the empty version.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from struct import Struct
from typing import Literal, NamedTuple

from aidb.errors import DamagedObjectError
from aidb.types import CommitId, Entry, Kind, ObjectId, RepoPath, path_problem

MergeKind = Literal["merge", "revert", "cherry-pick", "stash"]
KINDS: tuple[MergeKind, ...] = ("merge", "revert", "cherry-pick", "stash")

_U16 = Struct("<H")
_U32 = Struct("<I")
_ENTRY = Struct("<BQ32s")
_COMMIT_SIZE = 20
_ROOT_SIZE = 32


class Conflict(NamedTuple):
    """A path on which a merge could not decide. Ours is what stands in the workspace and in what is staged.

    `note` says why the content of the file could not be merged, where that was tried.
    """

    path: RepoPath
    base: Entry | None
    ours: Entry | None
    theirs: Entry | None
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A merge, or what goes like one, that waits for decisions or for its commit.

    `heads` are the commits merged in (of a merge: further parents of the commit to come), picked or applied; none for
    a revert. `root` is the manifest that was staged, from which `merge --abort` knows what it touched.
    """

    kind: MergeKind
    heads: tuple[CommitId, ...]
    root: ObjectId | None
    message: str
    name: str


@dataclass(frozen=True, slots=True)
class State:
    """Base, what is staged, and the merge under way."""

    base: CommitId | None = None
    base_root: ObjectId | None = None
    staged_root: ObjectId | None = None
    merge: Unfinished | None = None
    conflicts: tuple[Conflict, ...] = ()


def encode_state(state: State) -> bytes:
    """The bytes of a state; the inverse of `decode_state`."""
    parts = [_commit(state.base), _root(state.base_root), _root(state.staged_root)]
    merge = state.merge
    parts.append(bytes([0 if merge is None else 1 + KINDS.index(merge.kind)]))
    if merge is not None:
        parts.append(_U16.pack(len(merge.heads)))
        parts.extend(bytes.fromhex(head) for head in merge.heads)
        parts.append(_root(merge.root))
        parts.append(_text(merge.message))
        parts.append(_text(merge.name))
    parts.append(encode_conflicts(state.conflicts))
    return b"".join(parts)


def encode_conflicts(conflicts: Sequence[Conflict]) -> bytes:
    """How many there are, each, and the note on each."""
    parts = [_U32.pack(len(conflicts))]
    for conflict in conflicts:
        parts.append(_sized(conflict.path))
        parts.append(_text(conflict.reason))
        parts.extend(map(_entry, (conflict.base, conflict.ours, conflict.theirs)))
    parts.extend(_text(conflict.note) for conflict in conflicts)
    return b"".join(parts)


def decode_conflicts(data: bytes) -> list[Conflict]:
    """The inverse of `encode_conflicts`, also for bytes without notes; raises DamagedObjectError."""
    try:
        reader = _Reader(data)
        conflicts = reader.conflicts()
        return reader.noted(conflicts) if reader.at < len(data) else conflicts
    except (struct.error, IndexError, ValueError) as error:
        raise DamagedObjectError("a list of conflicts is damaged") from error


def decode_state(data: bytes, *, noted: bool = True) -> State:
    """Read a state, `noted` if conflicts have notes; raises DamagedObjectError for bytes that are none."""
    try:
        reader = _Reader(data)
        state = State(reader.commit(), reader.root(), reader.root(), reader.merge())
        conflicts = reader.conflicts()
        state = replace(state, conflicts=tuple(reader.noted(conflicts) if noted else conflicts))
    except (struct.error, IndexError, ValueError) as error:
        raise DamagedObjectError("the workspace index is damaged: its state cannot be read") from error
    if reader.at != len(data):
        raise DamagedObjectError("the workspace index is damaged: bytes follow its state")
    return state


class _Reader:
    """Takes fields from the front of some bytes; any of struct.error, IndexError, ValueError means damage."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.data):
            raise ValueError("the data ends too early")
        taken, self.at = self.data[self.at : end], end
        return taken

    def number(self, form: Struct) -> int:
        value: int = form.unpack(self.take(form.size))[0]
        return value

    def optional(self, size: int) -> bytes | None:
        return self.take(size) if self.flag() else None

    def flag(self) -> bool:
        flag = self.take(1)[0]
        if flag > 1:
            raise ValueError("a flag is 0 or 1")
        return flag == 1

    def commit(self) -> CommitId | None:
        raw = self.optional(_COMMIT_SIZE)
        return None if raw is None else CommitId(raw.hex())

    def root(self) -> ObjectId | None:
        raw = self.optional(_ROOT_SIZE)
        return None if raw is None else ObjectId(raw)

    def text(self) -> str:
        return self.take(self.number(_U32)).decode("utf-8")

    def merge(self) -> Unfinished | None:
        kind = self.take(1)[0]
        if kind == 0:
            return None
        heads = tuple(CommitId(self.take(_COMMIT_SIZE).hex()) for _ in range(self.number(_U16)))
        return Unfinished(KINDS[kind - 1], heads, self.root(), self.text(), self.text())

    def conflicts(self) -> list[Conflict]:
        return [self.conflict() for _ in range(self.number(_U32))]

    def conflict(self) -> Conflict:
        path = self.take(self.number(_U32))
        if path_problem(path):
            raise ValueError("not a path")
        reason = self.text()
        return Conflict(RepoPath(path), self.entry(), self.entry(), self.entry(), reason)

    def noted(self, conflicts: list[Conflict]) -> list[Conflict]:
        return [conflict._replace(note=self.text()) for conflict in conflicts]

    def entry(self) -> Entry | None:
        if not self.flag():
            return None
        kind, size, blob = _ENTRY.unpack(self.take(_ENTRY.size))
        return Entry(Kind(kind), size, ObjectId(blob), self.root())


def _commit(commit: CommitId | None) -> bytes:
    return b"\0" if commit is None else b"\1" + bytes.fromhex(commit)


def _root(root: ObjectId | None) -> bytes:
    return b"\0" if root is None else b"\1" + root


def _sized(raw: bytes) -> bytes:
    return _U32.pack(len(raw)) + raw


def _text(text: str) -> bytes:
    return _sized(text.encode("utf-8", "replace"))


def _entry(entry: Entry | None) -> bytes:
    if entry is None:
        return b"\0"
    return b"\1" + _ENTRY.pack(entry.kind, entry.size, entry.blob) + _root(entry.recipe)
