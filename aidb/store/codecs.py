"""How a chunk's bytes are stored: as they are, as a zstd frame, or as *planes* of numbers, each by itself.

Planes: for numbers of w bytes, all first bytes, then all second bytes, and so on. The exponents of floats are alike and
shrink well by themselves, their mantissas are noise and are left as they are; together in one frame they would share
one statistic and hardly shrink. Decoding never produces more bytes than the pack's record promises, whatever the stored
bytes claim.
"""

from __future__ import annotations

import struct
import threading
from enum import IntEnum
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from aidb.errors import DamagedObjectError

if TYPE_CHECKING:
    import zstandard

    Bytes = bytes | bytearray | memoryview

MAX_RAW = 16 << 20
"""No chunk is larger, so no reader has to believe a larger number."""

LEVEL = 1
"""zstd level: higher ones cost several times the time for a few percent."""


class Codec(IntEnum):
    """The numbers are part of the pack format."""

    RAW = 0
    ZSTD = 1
    PLANES2 = 2
    PLANES4 = 3
    PLANES8 = 4


_WIDTH = {Codec.PLANES2: 2, Codec.PLANES4: 4, Codec.PLANES8: 8}
_KNOWN = frozenset(map(int, Codec))


def encode(codec: Codec, data: Bytes) -> Bytes:
    """The bytes to store. May be longer than `data`: the caller decides whether it was worth it."""
    if codec is Codec.RAW:
        return data
    if codec is Codec.ZSTD:
        return _compressor().compress(data)
    return _encode_planes(data, _WIDTH[codec])


def decode(codec: int, stored: Bytes, raw_length: int) -> Bytes:
    """The bytes that were encoded; DamagedObjectError if there are not exactly `raw_length` of them."""
    if codec == Codec.RAW:
        if len(stored) != raw_length:
            raise DamagedObjectError(f"{len(stored)} bytes are stored where {raw_length} were recorded")
        return stored
    if not is_known(codec):
        raise DamagedObjectError(f"codec {codec} is unknown")
    if raw_length > MAX_RAW:
        raise DamagedObjectError(f"{raw_length} bytes are recorded, more than a chunk can have")
    if codec == Codec.ZSTD:
        return _decompress(stored, raw_length)
    return _decode_planes(memoryview(stored), raw_length, _WIDTH[Codec(codec)])


def is_known(codec: int) -> bool:
    """Whether this version can decode it."""
    return codec in _KNOWN


def _decompress(stored: Bytes, raw_length: int) -> bytes:
    """Look at the frame's own claim first: the library would allocate whatever it says."""
    import zstandard

    try:
        claimed = zstandard.frame_content_size(stored)
        if claimed != raw_length:
            raise DamagedObjectError(f"a zstd frame claims {claimed} bytes where {raw_length} were recorded")
        data = _decompressor().decompress(stored, max_output_size=raw_length, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise DamagedObjectError(f"zstd cannot decode it: {error}") from None
    if len(data) != raw_length:
        raise DamagedObjectError(f"{len(data)} bytes came out where {raw_length} were recorded")
    return data


def _encode_planes(data: Bytes, width: int) -> bytes:
    """The stored length of every plane, the planes, and the bytes that make no whole number."""
    import numpy as np

    whole = len(data) - len(data) % width
    numbers = np.frombuffer(data, np.uint8, whole).reshape(-1, width)
    planes = [_encode_plane(np.ascontiguousarray(numbers[:, place]).data) for place in range(width)]
    lengths = struct.pack(f"<{width}I", *map(len, planes))
    return b"".join((lengths, *planes, memoryview(data)[whole:]))


def _encode_plane(plane: memoryview) -> Bytes:
    frame = _compressor().compress(plane)
    return frame if len(frame) < len(plane) else plane


def _decode_planes(stored: memoryview, raw_length: int, width: int) -> bytes:
    import numpy as np

    count, rest = divmod(raw_length, width)
    planes, tail = _split_planes(stored, width)
    if len(tail) != rest:
        raise DamagedObjectError(f"{len(tail)} bytes follow the planes where {rest} should")
    numbers = np.empty((count, width), np.uint8)
    for place, plane in enumerate(planes):
        # A plane as long as its numbers was left as it is.
        data = plane if len(plane) == count else _decompress(plane, count)
        numbers[:, place] = np.frombuffer(data, np.uint8)
    return numbers.tobytes() + tail


def _split_planes(stored: memoryview, width: int) -> tuple[list[memoryview], memoryview]:
    head = 4 * width
    if len(stored) < head:
        raise DamagedObjectError("the planes of a chunk are cut off")
    ends = list(accumulate(struct.unpack_from(f"<{width}I", stored), initial=head))
    if ends[-1] > len(stored):
        raise DamagedObjectError("the planes of a chunk are longer than what is stored")
    return [stored[start:end] for start, end in pairwise(ends)], stored[ends[-1] :]


# zstd contexts are costly to make and must not be shared by threads.
_local = threading.local()


def _compressor() -> zstandard.ZstdCompressor:
    if not hasattr(_local, "compressor"):
        import zstandard

        _local.compressor = zstandard.ZstdCompressor(level=LEVEL)
    compressor: zstandard.ZstdCompressor = _local.compressor
    return compressor


def _decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_local, "decompressor"):
        import zstandard

        _local.decompressor = zstandard.ZstdDecompressor()
    decompressor: zstandard.ZstdDecompressor = _local.decompressor
    return decompressor
