"""zstd frames that state their size, made by one context per thread, and never unpacked to more than was promised."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from aidb.errors import DamagedObjectError

if TYPE_CHECKING:
    import zstandard

    Bytes = bytes | bytearray | memoryview

LEVEL = 1
"""Higher levels cost several times the time for a few percent."""

_SKEWED = {"min_match": 7, "hash_log": 6}
"""Level 1 that hardly looks for repeats. Among the few values of an exponent it would find chance ones everywhere:
they cost two thirds of its time and make the frame longer than the entropy coder alone does."""


def compress(data: Bytes) -> bytes:
    """One frame."""
    return _context().compressor.compress(data)


def compress_skewed(data: Bytes) -> bytes:
    """One frame, for bytes of which some are frequent but that hardly repeat, as the exponents of numbers."""
    return _context().skewed.compress(data)


def decompress(stored: Bytes, raw_length: int) -> bytes:
    """The content of a frame; DamagedObjectError unless it has exactly `raw_length` bytes.

    The frame's own claim is looked at first: the library would allocate whatever it says.
    """
    context = _context()
    try:
        claimed = context.content_size(stored)
        if claimed != raw_length:
            raise DamagedObjectError(f"a zstd frame claims {claimed} bytes where {raw_length} were recorded")
        data = context.decompressor.decompress(stored, max_output_size=raw_length, allow_extra_data=False)
    except context.error as error:
        raise DamagedObjectError(f"zstd cannot decode it: {error}") from None
    if len(data) != raw_length:
        raise DamagedObjectError(f"{len(data)} bytes came out where {raw_length} were recorded")
    return data


class _Context:
    """zstd's contexts are costly to make and must not be shared by threads."""

    def __init__(self) -> None:
        import zstandard

        self.compressor: zstandard.ZstdCompressor = zstandard.ZstdCompressor(level=LEVEL)
        parameters = zstandard.ZstdCompressionParameters.from_level(LEVEL, **_SKEWED)
        self.skewed: zstandard.ZstdCompressor = zstandard.ZstdCompressor(compression_params=parameters)
        self.decompressor: zstandard.ZstdDecompressor = zstandard.ZstdDecompressor()
        self.content_size = zstandard.frame_content_size
        self.error = zstandard.ZstdError


_local = threading.local()


def _context() -> _Context:
    context: _Context | None = getattr(_local, "context", None)
    if context is None:
        context = _local.context = _Context()
    return context
