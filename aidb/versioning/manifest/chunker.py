"""One level of a tree, cut into nodes as its items stream by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, takewhile
from typing import Generic, TypeVar

from aidb.versioning.manifest.shape import Shape, boundaries, is_boundary

Row = TypeVar("Row")


class Chunker(Generic[Row]):
    """Takes sorted items and hands out nodes. Where a node ends depends only on the items since it began.

    Hence two runs over the same items that once end a node at the same place do so ever after; an edit stops
    rewriting there.
    """

    def __init__(self, level: int, shape: Shape, emit: Callable[[list[bytes], list[Row]], None]) -> None:
        self.level = level
        self.seen = 0
        """Items taken so far."""
        self._cut = shape.level(level)
        self._path_bytes = shape.path_bytes
        self._emit = emit
        self._paths: list[bytes] = []
        self._rows: list[Row] = []

    def feed(self, paths: Sequence[bytes], rows: Sequence[Row]) -> None:
        """Take the next items; the nodes that are now known to be complete are emitted."""
        known = len(self._paths)
        self.seen += len(paths)
        marks = boundaries(paths, self.level, self._cut.modulus)
        self._paths += paths
        self._rows += rows
        begin = 0
        for mark in [known + mark for mark in marks] + [len(self._paths)]:
            begin = self._cut_to(begin, mark)
        if begin:
            del self._paths[:begin], self._rows[:begin]

    @property
    def pending(self) -> list[Row]:
        """The rows of the node that is still open."""
        return self._rows

    def ends_before(self, path: bytes) -> bool:
        """Whether a node begins at `path`, if it is the next item."""
        held = len(self._paths)
        if not held or held >= self._cut.most:
            return True
        if held >= self._cut.least and is_boundary(path, self.level, self._cut.modulus):
            return True
        return sum(map(len, self._paths)) + len(path) > self._path_bytes

    def close(self) -> None:
        """Emit what is left: the next item, if there is one, begins a node."""
        if self._paths:
            paths, rows = self._paths, self._rows
            self._paths, self._rows = [], []
            self._emit(paths, rows)

    def _cut_to(self, begin: int, mark: int) -> int:
        """Emit the nodes that end at or before `mark`; return where the open one begins."""
        while (end := self._forced_end(begin, mark)) < mark:
            begin = self._cut_at(begin, end)
        if mark < len(self._paths) and mark - begin >= self._cut.least:
            begin = self._cut_at(begin, mark)
        return begin

    def _forced_end(self, begin: int, mark: int) -> int:
        """Where the node must end for its size, or `mark` if that comes first."""
        end = min(mark, begin + self._cut.most)
        if sum(map(len, self._paths[begin : end + 1])) <= self._path_bytes:
            return end
        totals = accumulate(map(len, self._paths[begin : end + 1]))
        room = sum(1 for _ in takewhile(self._path_bytes.__ge__, totals))
        return min(end, begin + room)

    def _cut_at(self, begin: int, end: int) -> int:
        self._emit(self._paths[begin:end], self._rows[begin:end])
        return end
