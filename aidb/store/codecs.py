"""How a chunk's bytes are stored by themselves: as they are, as a zstd frame, or as planes of numbers.

Decoding never produces more bytes than the pack's record promises, whatever the stored bytes claim. A chunk may also
be stored as its difference to another one: see `aidb.store.deltas`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from aidb.errors import DamagedObjectError
from aidb.store.deltas import depth_of
from aidb.store.planes import decode_planes, encode_planes, numbers_of, tail_of
from aidb.store.zstd import compress, decompress

if TYPE_CHECKING:
    Bytes = bytes | bytearray | memoryview

MAX_RAW = 16 << 20
"""No chunk is larger, so no reader has to believe a larger number."""


class Codec(IntEnum):
    """The numbers are part of the pack format. Those of deltas are made by `deltas.delta_codec`."""

    RAW = 0
    ZSTD = 1
    PLANES2 = 2
    PLANES4 = 3
    PLANES8 = 4


_WIDTH = {Codec.PLANES2: 2, Codec.PLANES4: 4, Codec.PLANES8: 8}
_ALONE = frozenset(map(int, Codec))
_RAW, _ZSTD = int(Codec.RAW), int(Codec.ZSTD)
"""Looked up for every chunk that is read: a name is faster than a member."""


def encode(codec: Codec, data: Bytes) -> Bytes:
    """The bytes to store. May be longer than `data`: the caller decides whether it was worth it."""
    if codec is Codec.RAW:
        return data
    if codec is Codec.ZSTD:
        return compress(data)
    width = _WIDTH[codec]
    return b"".join(encode_planes(numbers_of(data, width), tail_of(data, width)))


def decode(codec: int, stored: Bytes, raw_length: int) -> Bytes:
    """The bytes that were encoded; DamagedObjectError if there are not exactly `raw_length` of them, or for a delta."""
    if codec == _RAW:
        if len(stored) != raw_length:
            raise DamagedObjectError(f"{len(stored)} bytes are stored where {raw_length} were recorded")
        return stored
    if codec not in _ALONE:
        raise DamagedObjectError(f"codec {codec} is not one that stores a chunk by itself")
    if raw_length > MAX_RAW:
        raise DamagedObjectError(f"{raw_length} bytes are recorded, more than a chunk can have")
    if codec == _ZSTD:
        return decompress(stored, raw_length)
    return decode_planes(memoryview(stored), raw_length, _WIDTH[Codec(codec)])[0]


def is_known(codec: int) -> bool:
    """Whether this version can decode it."""
    return codec in _ALONE or depth_of(codec) > 0
