"""The stretches of a file that are cut by themselves, because what they hold changes by itself."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

FLOATS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}
"""Kinds of floating-point numbers, by the names that safetensors gives them, and the bytes of one."""


class Section(NamedTuple):
    """One large tensor, or a few small neighbours: where it lies in the file, what numbers it has, whose they are.

    `dtype` is empty where neighbours differ.
    """

    start: int
    end: int
    dtype: str
    names: tuple[str, ...]

    @property
    def width(self) -> int:
        """The bytes of one of its numbers; 0 unless all are floats of one kind."""
        return FLOATS.get(self.dtype, 0)

    @property
    def hint(self) -> bytes:
        """For the choice of compression: numbers of one kind look alike. No file suffix can be this."""
        return b"/" + self.dtype.encode()


class Sections:
    """Sections of one file, in order; bytes before, between and behind them belong to none."""

    def __init__(self, sections: Sequence[Section] = ()) -> None:
        self._sections = sections
        self._starts = [section.start for section in sections]

    def __bool__(self) -> bool:
        return bool(self._sections)

    def __iter__(self) -> Iterator[Section]:
        return iter(self._sections)

    def at(self, offset: int) -> Section | None:
        """The section that holds a byte of the file."""
        number = bisect_right(self._starts, offset) - 1
        section = self._sections[number] if number >= 0 else None
        return section if section is not None and offset < section.end else None

    def within(self, start: int, end: int) -> Sequence[Section]:
        """The sections that have bytes in this range."""
        first = bisect_right(self._starts, start) - 1
        return [
            section
            for section in self._sections[max(0, first) : bisect_left(self._starts, end)]
            if section.end > start
        ]
