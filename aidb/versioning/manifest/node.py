"""Nodes in memory: leaves hold entries, inner nodes hold subtrees. Columns as they were decoded; rows on access.

Names are paths without the folder that all paths of a node share, so that a search, a comparison or a walk touches
the columns it needs and makes `Entry` objects only for what is looked at.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
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

    __slots__ = ("_count", "_names", "first", "joined", "last", "prefix", "total")

    def __init__(self, prefix: bytes, joined: bytes, count: int, total: Totals) -> None:
        self.prefix = prefix
        self.joined = joined
        """All names in one, as they were encoded."""
        self.total = total
        self.first = prefix + joined.partition(SEPARATOR)[0]
        self.last = prefix + joined.rpartition(SEPARATOR)[2]
        self._count = count
        self._names: list[bytes] | None = None

    def __len__(self) -> int:
        return self._count

    @property
    def names(self) -> list[bytes]:
        """Split when first asked for: most nodes that a diff reads are compared without it."""
        if self._names is None:
            self._names = self.joined.split(SEPARATOR) if self._count else []
        return self._names

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
            return self._count
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
        joined: bytes,
        kinds: bytes,
        sizes: list[int],
        blobs: bytes,
        recipes: dict[int, ObjectId],
    ) -> None:
        super().__init__(prefix, joined, len(sizes), Totals(len(sizes), sum(sizes)))
        self.kinds = kinds
        self.sizes = sizes
        self.blobs = blobs
        self.recipes = recipes

    def get(self, path: bytes) -> Entry | None:
        """The entry of `path`, or None."""
        prefix = self.prefix
        names = self._names or self.names
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
        joined: bytes,
        file_counts: list[int],
        byte_counts: list[int],
        ids: bytes,
    ) -> None:
        super().__init__(prefix, joined, len(file_counts), Totals(sum(file_counts), sum(byte_counts)))
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
            return self._count - 1
        return bisect_right(self.names, path[len(self.prefix) :]) - 1


def common_ids(old: bytes, new: bytes) -> int:
    """How many ids two columns begin with alike."""
    if old[:ID_SIZE] != new[:ID_SIZE]:
        return 0
    size = min(len(old), len(new))
    # As large numbers, they differ in as many bytes as are left from the first one that differs.
    differing = int.from_bytes(old[:size], "big") ^ int.from_bytes(new[:size], "big")
    return (size - (differing.bit_length() + 7) // 8) // ID_SIZE


def _split(ids: bytes, start: int, stop: int) -> list[ObjectId]:
    pieces = iter_unpack(_ID, ids[start * ID_SIZE : stop * ID_SIZE])
    return cast("list[ObjectId]", list(chain.from_iterable(pieces)))
