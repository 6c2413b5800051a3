"""What is recorded of an operation, and its bytes: lines of JSON, each with a checksum (docs/spec/operations.md).

The first line of an operation says what it is; this and every further line of the same id add one effect; the last
one says that it is done.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec
from blake3 import blake3

Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""The id of a manifest's root."""
CommitHex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40}\Z")]
RefValue = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{40}|ref: refs/heads/[^\n]+)\Z")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

_CHECKSUM = 16


class Move(msgspec.Struct, frozen=True):
    """A ref that moves. None is "no such ref"; HEAD may also be `ref: refs/heads/main`."""

    ref: str
    old: RefValue | None
    new: RefValue | None


class Rename(msgspec.Struct, frozen=True):
    """A file or folder of the working tree that gets another name, whatever it holds."""

    old: bytes
    new: bytes


class Files(msgspec.Struct, frozen=True, omit_defaults=True):
    """What files held before and after, as two manifests; paths that both hold alike were not touched.

    `kept` counts files that were in no version and were stored before they were overwritten, `lost` are paths whose
    content was thrown away without that.
    """

    old: Hex | None
    new: Hex | None
    kept: int = 0
    lost: tuple[str, ...] = ()


class Merging(msgspec.Struct, frozen=True):
    """A merge or the like that waits for decisions or for its commit."""

    kind: str
    heads: tuple[CommitHex, ...]
    root: Hex | None
    message: str
    name: str


class View(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state of a workspace but for its conflicts."""

    base: CommitHex | None = None
    base_root: Hex | None = None
    staged: Hex | None = None
    merge: Merging | None = None


class StateChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the state of the workspace changes; `gone` and `come` are conflicts as in `docs/spec/index.md`."""

    old: View
    new: View
    gone: bytes = b""
    come: bytes = b""


class Line(msgspec.Struct, omit_defaults=True):
    """One line: on the first of an operation, what it is; on each, what is added to it."""

    id: str
    time: Moment | None = None
    who: str = ""
    verb: str = ""
    about: str = ""
    local: bool = False
    undoes: str | None = None
    redoes: str | None = None
    move: Move | None = None
    renames: tuple[Rename, ...] = ()
    files: Files | None = None
    state: StateChange | None = None
    done: bool = False


class Operation(msgspec.Struct):
    """One operation, put together from its lines.

    `local` operations are those of a person in this workspace: the ones that `undo` goes through. Without `done` it
    was interrupted, or is still at work.
    """

    id: str
    time: datetime
    who: str
    verb: str
    about: str
    local: bool
    undoes: str | None
    redoes: str | None
    moves: list[Move]
    renames: list[Rename]
    files: Files | None
    states: list[StateChange]
    done: bool

    @property
    def title(self) -> str:
        """`reset --hard HEAD`, `commit "First images"`"""
        return f"{self.verb} {self.about}" if self.about else self.verb

    @property
    def subject(self) -> str:
        """What was done, however often it was done again."""
        return self.title if self.redoes is None else self.about

    def net_moves(self) -> list[Move]:
        """What became of each ref in all, in the order of the last moves."""
        net: dict[str, Move] = {}
        for move in self.moves:
            known = net.pop(move.ref, move)
            net[move.ref] = Move(move.ref, known.old, move.new)
        return [move for move in net.values() if move.old != move.new]

    def state(self) -> tuple[View, View] | None:
        """The state of the workspace before and after, None if it stayed as it was."""
        return (self.states[0].old, self.states[-1].new) if self.states else None


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Line)


def encode_line(line: Line) -> bytes:
    """A line with its checksum and its line break."""
    body = _ENCODER.encode(line)
    return b"%s %s\n" % (_checksum(body), body)


def decode_line(data: bytes) -> Line | None:
    """A line without its line break; None if it is not whole."""
    if data[:_CHECKSUM] != _checksum(data[_CHECKSUM + 1 :]):
        return None
    try:
        return _DECODER.decode(data[_CHECKSUM + 1 :])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _checksum(body: bytes) -> bytes:
    return blake3(body).hexdigest()[:_CHECKSUM].encode()


def assemble(lines: Iterable[Line]) -> list[Operation]:
    """Operations in the order in which they began. Lines whose first one is missing are passed over."""
    found: dict[str, Operation] = {}
    for line in lines:
        if line.id not in found:
            if line.time is None:
                continue
            found[line.id] = _begin(line, line.time)
        _add(found[line.id], line)
    return list(found.values())


def _begin(line: Line, time: datetime) -> Operation:
    return Operation(
        line.id,
        time,
        line.who,
        line.verb,
        line.about,
        line.local,
        line.undoes,
        line.redoes,
        moves=[],
        renames=[],
        files=None,
        states=[],
        done=False,
    )


def _add(operation: Operation, line: Line) -> None:
    if line.move is not None:
        operation.moves.append(line.move)
    operation.renames.extend(line.renames)
    operation.files = line.files or operation.files
    if line.state is not None:
        operation.states.append(line.state)
    operation.done = operation.done or line.done
