"""Nodes in memory: leaves hold entries, inner nodes hold subtrees. Columns as they were decoded; rows on access.

Names are paths without the folder that all paths of a node share, so that a search, a comparison or a walk touches
the columns it needs and makes `Entry` objects only for what is looked at.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import partial
from itertools import chain
from struct import iter_unpack
from typing import NamedTuple, cast

from aidb.types import ID_SIZE, MAX_PATH, Entry, Kind, ObjectId, RepoPath

END = b"\xff" * (MAX_PATH + 1)
"""Comes after every path."""

SEPARATOR = b"\0"
"""Stands between names, and in none."""

_ID = f"{ID_SIZE}s"
_KINDS = tuple(Kind)
_new_entry = partial(tuple.__new__, Entry)


class Totals(NamedTuple):
    """How many files, and how many bytes they have together."""

    files: int
    bytes: int


class Subtree(NamedTuple):
    """What an inner node records of one child, besides the child's first path."""

    id: ObjectId
    files: int
    bytes: int


_new_subtree = partial(tuple.__new__, Subtree)


class Node:
    """What leaves and inner nodes share: sorted names below a common folder."""

    __slots__ = ("first", "last", "names", "prefix", "total")

    def __init__(self, prefix: bytes, names: Sequence[bytes], total: Totals) -> None:
        self.prefix = prefix
        self.names = names
        """Nodes of the same names, as two versions mostly have, may share them."""
        self.total = total
        self.first = prefix + names[0] if names else prefix
        self.last = prefix + names[-1] if names else prefix

    def __len__(self) -> int:
        return len(self.names)

    def path(self, at: int) -> RepoPath:
        return RepoPath(self.prefix + self.names[at])

    def paths(self, start: int, stop: int) -> list[RepoPath]:
        prefix = self.prefix
        return cast("list[RepoPath]", [prefix + name for name in self.names[start:stop]])

    def find(self, path: bytes) -> int:
        """The position of the first item whose path is `path` or comes after it."""
        if path <= self.first:
            return 0
        if path > self.last:
            return len(self.names)
        return bisect_left(
            self.names, path[len(self.prefix) :]
        )  # between two that have the prefix, it has it too


class Leaf(Node):
    """Entries: kind, size, blob and, for the few that have one, recipe."""

    __slots__ = ("blobs", "kinds", "recipes", "sizes")

    level = 0

    def __init__(
        self,
        prefix: bytes,
        names: Sequence[bytes],
        kinds: bytes,
        sizes: list[int],
        blobs: bytes,
        recipes: dict[int, ObjectId],
    ) -> None:
        super().__init__(prefix, names, Totals(len(sizes), sum(sizes)))
        self.kinds = kinds
        self.sizes = sizes
        self.blobs = blobs
        self.recipes = recipes

    def get(self, path: bytes) -> Entry | None:
        """The entry of `path`, or None."""
        prefix = self.prefix
        names = self.names
        name = path.removeprefix(prefix)
        at = bisect_left(names, name)
        if at == len(names) or names[at] != name or not path.startswith(prefix):
            return None
        return self.entry(at)

    def entry(self, at: int) -> Entry:
        start = at * ID_SIZE
        blob = self.blobs[start : start + ID_SIZE]
        return _new_entry((_KINDS[self.kinds[at]], self.sizes[at], blob, self.recipes.get(at)))

    def rows(self, start: int, stop: int) -> list[Entry]:
        kinds = map(_KINDS.__getitem__, self.kinds[start:stop])
        recipes = map(self.recipes.get, range(start, stop))
        columns = (kinds, self.sizes[start:stop], _split(self.blobs, start, stop), recipes)
        return list(map(_new_entry, zip(*columns, strict=True)))

    def totals(self, start: int, stop: int) -> Totals:
        return Totals(stop - start, sum(self.sizes[start:stop]))


class Inner(Node):
    """Subtrees, each named by its first path."""

    __slots__ = ("byte_counts", "file_counts", "ids", "level")

    def __init__(
        self,
        level: int,
        prefix: bytes,
        names: Sequence[bytes],
        file_counts: list[int],
        byte_counts: list[int],
        ids: bytes,
    ) -> None:
        super().__init__(prefix, names, Totals(sum(file_counts), sum(byte_counts)))
        self.level = level
        self.file_counts = file_counts
        self.byte_counts = byte_counts
        self.ids = ids

    def subtree(self, at: int) -> Subtree:
        child = ObjectId(self.ids[at * ID_SIZE : (at + 1) * ID_SIZE])
        return _new_subtree((child, self.file_counts[at], self.byte_counts[at]))

    def rows(self, start: int, stop: int) -> list[Subtree]:
        ids = _split(self.ids, start, stop)
        return list(map(Subtree, ids, self.file_counts[start:stop], self.byte_counts[start:stop]))

    def totals(self, start: int, stop: int) -> Totals:
        return Totals(sum(self.file_counts[start:stop]), sum(self.byte_counts[start:stop]))

    def child_for(self, path: bytes) -> int:
        """The position of the child that holds `path`, or would."""
        if path <= self.first:
            return 0
        if path >= self.last:
            return len(self.names) - 1
        return bisect_right(self.names, path[len(self.prefix) :]) - 1


def common_ids(old: bytes, new: bytes, at: int = 0, other: int = 0) -> int:
    """How many ids two columns have alike, from the ids numbered `at` in `old` and `other` in `new` on."""
    left, right = at * ID_SIZE, other * ID_SIZE
    least, most = 0, min(len(old) - left, len(new) - right) // ID_SIZE
    # By halves, as memory: one by one they would be as many objects.
    while least < most:
        half = (least + most + 1) // 2
        start, end = least * ID_SIZE, half * ID_SIZE
        if old[left + start : left + end] == new[right + start : right + end]:
            least = half
        else:
            most = half - 1
    return least


def _split(ids: bytes, start: int, stop: int) -> list[ObjectId]:
    pieces = iter_unpack(_ID, ids[start * ID_SIZE : stop * ID_SIZE])
    return cast("list[ObjectId]", list(chain.from_iterable(pieces)))
