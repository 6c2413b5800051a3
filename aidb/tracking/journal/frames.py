"""The bytes of a journal: a file header, then frames, each with a checksum and a kind.

The first frame of a file is of kind WRITER. A key set is described once, before its first points; frames of one key
set all have the same length, so that a reader views a run of them as one array.
"""

from __future__ import annotations

import struct
from typing import NamedTuple
from zlib import crc32

import msgspec

from aidb.errors import DamagedObjectError, InvalidInputError, UnsupportedFormatError

MAGIC = b"aidbrun\x01"
"""The header: seven letters and the version."""

CHECKSUM = 4
HEAD = struct.Struct("<IIB")
"""Checksum of all that follows it, length of the payload, kind."""
BODY = struct.Struct("<IB")
"""The same without the checksum."""
POINTS = struct.Struct("<IIBHqd")
"""The head of a frame of points with what comes before its values: key set, step, time."""

MOST_PAYLOAD = 16 << 20
"""Longest payload in bytes; what claims to be longer is damage."""
MOST_SETS = 1 << 16
"""Key sets that have an id at the same time; then ids are given again."""

WRITER, KEY_SET, POINT, EVENT = range(1, 5)

FLOAT, INTEGER = "d", "q"
"""The types of values in a key set, as `struct` spells them: float64 and int64."""


class KeySet(msgspec.Struct, frozen=True):
    """Metrics that are logged together: their keys, and a letter for the type of each."""

    id: int
    keys: tuple[str, ...]
    types: str

    def __post_init__(self) -> None:
        if (
            not 0 <= self.id < MOST_SETS
            or len(self.keys) != len(self.types)
            or set(self.types) - {FLOAT, INTEGER}
        ):
            raise ValueError("not a key set")

    @property
    def size(self) -> int:
        """Bytes of a whole frame of points."""
        return POINTS.size + 8 * len(self.keys)


class Frame(NamedTuple):
    """One frame that passed its checksum, and where the next one begins."""

    kind: int
    payload: memoryview
    end: int


class Torn(NamedTuple):
    """Why a file ends where it does, if not behind its last frame."""

    offset: int
    reason: str
    incomplete: bool = False
    """Whether the rest may just not have been written yet."""


def frame(kind: int, payload: bytes) -> bytes:
    """The bytes of a frame. Raises InvalidInputError if it would be too long to be read back."""
    if len(payload) > MOST_PAYLOAD:
        raise InvalidInputError(
            f"{len(payload):,} bytes are too much for a run's journal",
            hints=("Save large things as files, with `run.save(…)` or `run.log_text(…)`.",),
        )
    body = BODY.pack(len(payload), kind) + payload
    return crc32(body).to_bytes(CHECKSUM, "little") + body


def check_header(data: bytes | memoryview, name: str) -> None:
    """Raise UnsupportedFormatError, or DamagedObjectError if it is no journal at all."""
    if data[:7] != MAGIC[:7]:
        raise DamagedObjectError(f"{name} is not a run's journal")
    if data[7] != MAGIC[7]:
        raise UnsupportedFormatError(
            f"{name} was written by a newer aidb (journal version {data[7]})",
            hints=("Upgrade aidb: `pip install --upgrade aidb`.",),
        )


def frame_at(data: memoryview, at: int) -> Frame | Torn:
    """The frame that begins at `at`, if it is whole and passes its checksum."""
    end = len(data)
    if at + HEAD.size > end:
        return Torn(at, "it ends in the middle of a frame", incomplete=True)
    checksum, length, kind = HEAD.unpack_from(data, at)
    after = at + HEAD.size + length
    if length > MOST_PAYLOAD:
        return Torn(at, "a frame has an impossible length")
    if after > end:
        return Torn(at, "it ends in the middle of a frame", incomplete=True)
    if crc32(data[at + CHECKSUM : after]) != checksum:
        return Torn(at, "a frame does not match its checksum")
    return Frame(kind, data[at + HEAD.size : after], after)
