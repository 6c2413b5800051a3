"""Where a file is cut: by its content (FastCDC 2020), and evenly inside sections of floats.

By content, a cut depends only on the bytes since the cut before it, so that inserting bytes moves a few cuts and leaves
the others where they were. Nothing is ever inserted into a tensor, but training moves each of its numbers: even cuts
give its chunks the same length in every version, so that one can be stored as the difference to another. No cut ever
depends on how the file was read. The parameters are part of the format: the number in a recipe names them, and another
choice gets another number.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from itertools import takewhile

from aidb.store.chunking.sections import Sections

MIN_CHUNK = 64 << 10
AVERAGE_CHUNK = 256 << 10
MAX_CHUNK = 1 << 20
STEP = 1 << 20
"""The length of even chunks. A rest of less than MIN_CHUNK joins the chunk before it."""


class Chunker(IntEnum):
    """How a file was cut, as recorded in its recipe."""

    FASTCDC = 1
    FENCES = 2
    """By content between the bounds of tensors: written by versions before even cuts."""
    SECTIONS = 3


class Cutter:
    """Cuts one file, given to it window by window."""

    def __init__(self, sections: Sections | None = None) -> None:
        """Each section begins and ends with a cut."""
        from pyfastcdc import FastCDC

        self._fastcdc = FastCDC(AVERAGE_CHUNK, min_size=MIN_CHUNK, max_size=MAX_CHUNK)
        self._sections = sections or Sections()

    @property
    def chunker(self) -> Chunker:
        """What to record in the recipe."""
        return Chunker.SECTIONS if self._sections else Chunker.FASTCDC

    def cut(self, window: memoryview, offset: int, *, last: bool) -> list[int]:
        """The ends, relative to the window, of the chunks that are certain.

        The window begins at a cut, `offset` bytes into the file, and has room for more than the longest chunk. Unless
        it is the `last`, bytes after the final end belong to a chunk that is not finished: they must begin the next
        window.
        """
        ends: list[int] = []
        start = 0
        for section in self._sections.within(offset, offset + len(window)):
            begin, end = section.start - offset, section.end - offset
            if begin > start:
                ends += self._by_content(window, start, begin)
                start = begin
            if end > len(window):
                return ends + self._unfinished(window, start, end if section.width else None, last=last)
            ends += _evenly(start, end) if section.width else self._by_content(window, start, end)
            start = end
        return ends + self._unfinished(window, start, None, last=last)

    def _unfinished(self, window: memoryview, start: int, even_to: int | None, *, last: bool) -> list[int]:
        """Cuts of what goes on behind the window, unless it is the last: evenly up to there, or by content."""
        length = len(window)
        if even_to is not None:
            ends = list(takewhile(length.__ge__, _evenly(start, even_to)))
            rest = length - (ends[-1] if ends else start)
            return [*ends, length] if last and rest else ends
        ends = self._by_content(window, start, length)
        if ends and not last and length - (ends[-2] if len(ends) > 1 else start) < MAX_CHUNK:
            ends.pop()
        return ends

    def _by_content(self, window: memoryview, start: int, end: int) -> list[int]:
        if end - start <= MIN_CHUNK:
            return [end] if end > start else []
        return [start + chunk.offset + chunk.length for chunk in self._fastcdc.cut_buf(window[start:end])]


def _evenly(start: int, end: int) -> Iterator[int]:
    """The ends of even chunks."""
    yield from range(start + STEP, end - MIN_CHUNK + 1, STEP)
    yield end
