"""A chunk stored as its difference to another one, the *base*: for the numbers of a model that was trained on.

Every weight moves a little, so no chunk is the same as before, but most differences are small: subtracted as integers,
their upper bytes are zero and the lower ones take few values. The difference is modular, so that any bytes can be
stored this way, and *folded* (0, -1, 1, -2 … become 0, 1, 2, 3 …), so that small negative ones have zero bytes too.

A base may be a delta itself. Its *depth* is one less at most, so a chain ends after `MAX_DEPTH` steps and can never
come back to itself. The depth is part of the codec's number: an index tells how deep a chunk lies without a look at it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import DamagedObjectError
from aidb.store.planes import decode_planes, encode_planes, numbers_of, tail_of
from aidb.types import ObjectId

if TYPE_CHECKING:
    from aidb.store.planes import Numbers

    Bytes = bytes | bytearray | memoryview

DELTA = 16
"""The codec's number is this plus the depth."""
MAX_DEPTH = 8
WIDTHS = (1, 2, 4, 8)

HEAD = struct.Struct("<32sB7x")


class Base(NamedTuple):
    """The chunk that a delta is the difference to, and the bytes of one of its numbers."""

    id: ObjectId
    width: int


def delta_codec(depth: int) -> int:
    """The number of the codec for a delta of this depth, 1 to MAX_DEPTH."""
    return DELTA + depth


def depth_of(codec: int) -> int:
    """How many steps away a chunk stored by itself is at most: 0 for every codec that is no delta."""
    return codec - DELTA if DELTA < codec <= DELTA + MAX_DEPTH else 0


def encode_delta(data: Bytes, base: Base, raw: Bytes) -> bytes:
    """The bytes to store; `raw`, the base's own, are as many as `data`. May be longer than `data`."""
    folded = _fold(numbers_of(data, base.width) - numbers_of(raw, base.width))
    return b"".join((HEAD.pack(*base), *encode_planes(folded, tail_of(data, base.width))))


def read_base(stored: Bytes) -> Base:
    """What the head of a stored delta names. Raises DamagedObjectError for anything no writer writes."""
    if len(stored) < HEAD.size:
        raise DamagedObjectError("the head of a delta is cut off")
    id_, width = HEAD.unpack_from(stored)
    if width not in WIDTHS or any(memoryview(stored)[HEAD.size - 7 : HEAD.size]):
        raise DamagedObjectError("the head of a delta is damaged")
    return Base(ObjectId(id_), width)


def decode_delta(stored: Bytes, raw_length: int, base: Base, raw: Bytes) -> memoryview:
    """The chunk. Raises DamagedObjectError unless it has `raw_length` bytes, as many as its base."""
    if len(raw) != raw_length:
        raise DamagedObjectError(f"the base of a delta has {len(raw)} bytes where {raw_length} were recorded")
    data, numbers = decode_planes(memoryview(stored)[HEAD.size :], raw_length, base.width)
    _unfold(numbers)
    numbers += numbers_of(raw, base.width)
    return data


def _fold(difference: Numbers) -> Numbers:
    """The sign becomes the lowest bit."""
    sign = difference >> (8 * difference.itemsize - 1)
    difference <<= 1
    # All ones where it was negative, else zero.
    difference ^= -sign
    return difference


def _unfold(folded: Numbers) -> None:
    """Undo `_fold` in place."""
    sign = folded & 1
    folded >>= 1
    folded ^= -sign
