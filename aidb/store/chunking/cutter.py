"""Content-defined cuts (FastCDC 2020), between fences that must be cut at.

A cut depends only on the bytes since the cut before it, never on how the file was read, so that inserting bytes moves
a few cuts and leaves the others where they were. The parameters are part of the format: the number in a recipe names
them, and another choice gets another number.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from enum import IntEnum

MIN_CHUNK = 64 << 10
AVERAGE_CHUNK = 256 << 10
MAX_CHUNK = 1 << 20


class Chunker(IntEnum):
    """How a file was cut, as recorded in its recipe."""

    FASTCDC = 1
    SAFETENSORS = 2


class Cutter:
    """Cuts one file, given to it window by window."""

    def __init__(self, fences: Sequence[int] = ()) -> None:
        """`fences`: ascending offsets in the file at which there must be a cut."""
        from pyfastcdc import FastCDC

        self._fastcdc = FastCDC(AVERAGE_CHUNK, min_size=MIN_CHUNK, max_size=MAX_CHUNK)
        self._fences = fences

    def cut(self, window: memoryview, offset: int, *, last: bool) -> list[int]:
        """The ends, relative to the window, of the chunks that are certain.

        The window begins at a cut, `offset` bytes into the file. Unless it is the `last`, bytes after the final end
        belong to a chunk that is not finished: they must begin the next window.
        """
        ends: list[int] = []
        start = 0
        for fence in self._fences_within(offset, len(window)):
            ends += self._segment(window, start, fence - offset)
            start = fence - offset
        open_end = self._segment(window, start, len(window))
        if (
            open_end
            and not last
            and open_end[-1] - (open_end[-2] if len(open_end) > 1 else start) < MAX_CHUNK
        ):
            open_end.pop()
        return ends + open_end

    def _fences_within(self, offset: int, length: int) -> Sequence[int]:
        first = bisect.bisect_right(self._fences, offset)
        return self._fences[first : bisect.bisect_right(self._fences, offset + length, first)]

    def _segment(self, window: memoryview, start: int, end: int) -> list[int]:
        if end - start <= MIN_CHUNK:
            return [end] if end > start else []
        return [start + chunk.offset + chunk.length for chunk in self._fastcdc.cut_buf(window[start:end])]
