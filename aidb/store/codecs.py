"""How a chunk's bytes are stored: as they are, or zstd, or zstd after sorting the bytes of numbers by significance.

Sorting (*byte shuffle*) puts the first bytes of all numbers first, then all second bytes, and so on: the exponents of
floats are alike, so they compress where the numbers themselves do not. Decoding never produces more bytes than the
pack's record promises, whatever the stored bytes claim.
"""

from __future__ import annotations

import threading
from enum import IntEnum
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
    ZSTD_SHUFFLE2 = 2
    ZSTD_SHUFFLE4 = 3
    ZSTD_SHUFFLE8 = 4


_WIDTH = {Codec.ZSTD: 1, Codec.ZSTD_SHUFFLE2: 2, Codec.ZSTD_SHUFFLE4: 4, Codec.ZSTD_SHUFFLE8: 8}
_KNOWN = frozenset(map(int, Codec))


def encode(codec: Codec, data: Bytes) -> Bytes:
    """The bytes to store. May be longer than `data`: the caller decides whether it was worth it."""
    if codec is Codec.RAW:
        return data
    width = _WIDTH[codec]
    return _compressor().compress(data if width == 1 else _shuffle(data, width))


def decode(codec: int, stored: Bytes, raw_length: int) -> Bytes:
    """The bytes that were encoded; DamagedObjectError if there are not exactly `raw_length` of them."""
    if codec == Codec.RAW:
        if len(stored) != raw_length:
            raise DamagedObjectError(f"{len(stored)} bytes are stored where {raw_length} were recorded")
        return stored
    if not is_known(codec):
        raise DamagedObjectError(f"codec {codec} is unknown")
    data = _decompress(stored, raw_length)
    width = _WIDTH[Codec(codec)]
    return data if width == 1 else _unshuffle(data, width)


def is_known(codec: int) -> bool:
    """Whether this version can decode it."""
    return codec in _KNOWN


def _decompress(stored: Bytes, raw_length: int) -> bytes:
    """Look at the frame's own claim first: the library would allocate whatever it says."""
    import zstandard

    try:
        claimed = zstandard.frame_content_size(stored)
        if claimed != raw_length or raw_length > MAX_RAW:
            raise DamagedObjectError(f"a zstd frame claims {claimed} bytes where {raw_length} were recorded")
        data = _decompressor().decompress(stored, max_output_size=raw_length, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise DamagedObjectError(f"zstd cannot decode it: {error}") from None
    if len(data) != raw_length:
        raise DamagedObjectError(f"{len(data)} bytes came out where {raw_length} were recorded")
    return data


def _shuffle(data: Bytes, width: int) -> bytes:
    import numpy as np

    whole = len(data) - len(data) % width
    planes = np.frombuffer(data, np.uint8, whole).reshape(-1, width).T
    return planes.tobytes() + bytes(data[whole:])


def _unshuffle(data: bytes, width: int) -> bytes:
    import numpy as np

    whole = len(data) - len(data) % width
    numbers = np.frombuffer(data, np.uint8, whole).reshape(width, -1).T
    return numbers.tobytes() + data[whole:]


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
