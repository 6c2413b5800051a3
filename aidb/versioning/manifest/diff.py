"""What differs between two manifests, at the cost of the differences.

Two cursors walk in step. Where they stand on subtrees of the same id, both step over them; where the subtrees differ
but overlap, the higher one is stepped into, so that nodes are compared again as soon as both sides begin alike, even
when boundaries in between are not the same. Only leaves that differ are compared entry by entry, column by column.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress, takewhile
from operator import eq, ne
from typing import NamedTuple

from aidb.types import ID_SIZE, Entry, RepoPath
from aidb.versioning.manifest.cursor import Cursor
from aidb.versioning.manifest.node import Leaf, common_ids
from aidb.versioning.manifest.tree import Manifest, ranges


class Change(NamedTuple):
    """A path that two manifests do not hold alike. `old` is None if it was added, `new` if it was removed."""

    path: RepoPath
    old: Entry | None
    new: Entry | None


class _Slice(NamedTuple):
    """Some neighbouring entries of a leaf."""

    leaf: Leaf
    start: int
    stop: int

    def paths(self) -> list[RepoPath]:
        return self.leaf.paths(self.start, self.stop)

    def cut(self, start: int, stop: int) -> _Slice:
        """Entries `start` to `stop` of this slice."""
        return _Slice(self.leaf, self.start + start, self.start + stop)

    def entries(self) -> dict[RepoPath, Entry]:
        return dict(zip(self.paths(), self.leaf.rows(self.start, self.stop), strict=True))


def diff(old: Manifest, new: Manifest, prefix: bytes = b"") -> Iterator[Change]:
    """The changes that make `new` of `old`, in path order; `prefix` as in `Manifest`."""
    if old.root == new.root:
        return
    for start, stop in ranges(prefix):
        left, right = _Side(old, start, stop), _Side(new, start, stop)
        while not (left.done and right.done):
            yield from _step(left, right)


def _step(left: _Side, right: _Side) -> Iterator[Change]:
    if left.whole and right.whole and (same := left.cursor.common(right.cursor)):
        left.skip(same)
        right.skip(same)
    elif left.upper <= right.first:
        yield from _removed(left)
    elif right.upper <= left.first:
        yield from (Change(path, None, old) for path, old, _ in _removed(right))
    elif left.level or right.level:
        level = max(left.level, right.level)
        for side in (left, right):
            if side.level == level:
                side.open()
    else:
        bound = min(left.upper, right.upper)
        yield from _compare(left.take(bound), right.take(bound))


def _removed(side: _Side) -> Iterator[Change]:
    """What this side alone holds, as if it were the old one."""
    if side.level:
        side.open()
        return
    for path, entry in side.take(side.upper).entries().items():
        yield Change(path, entry, None)


class _Side:
    """One of the two walks: a subtree not looked into yet, or the rest of a leaf, within a span of paths."""

    __slots__ = ("_at", "_start", "_stop", "cursor", "done", "first", "level", "upper", "whole")

    whole: bool
    """Whether nothing of the subtree here was taken yet."""
    first: bytes
    """No path that is still to come is before this one."""
    upper: bytes
    """The paths of this subtree come before this one."""
    level: int
    done: bool
    _at: int

    def __init__(self, manifest: Manifest, start: bytes, stop: bytes) -> None:
        self.cursor = Cursor(manifest.nodes, manifest.root)
        self.cursor.node()
        self._start = start
        self._stop = stop
        self._arrive()

    def open(self) -> None:
        """Step into the inner node here; children that end before the span begins are passed over."""
        self.cursor.down(self._start if self._start > self.first else b"")
        self._arrive()

    def skip(self, subtrees: int = 1) -> None:
        """Step over what is left of the subtree, and over more that lie beside it."""
        self.cursor.across(subtrees)
        self._arrive()

    def take(self, bound: bytes) -> _Slice:
        """Take the entries before `bound` from the leaf here."""
        leaf = self.cursor.leaf()
        start = leaf.find(self._start) if self.whole else self._at
        stop = max(start, leaf.find(bound))
        if stop == len(leaf):
            self.skip()
        else:
            self.whole = False
            self._at = stop
            self.first = leaf.path(stop)
            self.done = self.first >= self._stop
        return _Slice(leaf, start, stop)

    def _arrive(self) -> None:
        """Look around after a move."""
        cursor = self.cursor
        self._at = 0
        self.whole = True
        self.first = cursor.first
        self.upper = min(cursor.upper, self._stop)
        self.level = cursor.level
        self.done = self.first >= self._stop


def _compare(old: _Slice, new: _Slice) -> Iterator[Change]:
    """Compare two slices that cover the same span: equal names at both ends by column, the middle by path."""
    if _same_names(old, new):
        yield from _compare_columns(old, new)
        return
    old_paths, new_paths = old.paths(), new.paths()
    head = _common(old_paths, new_paths)
    tail = _common(old_paths[head:][::-1], new_paths[head:][::-1])
    old_end, new_end = len(old_paths) - tail, len(new_paths) - tail
    yield from _compare_columns(old.cut(0, head), new.cut(0, head))
    yield from _compare_paths(old.cut(head, old_end), new.cut(head, new_end))
    yield from _compare_columns(old.cut(old_end, len(old_paths)), new.cut(new_end, len(new_paths)))


def _same_names(old: _Slice, new: _Slice) -> bool:
    """Whether both are all of their leaves, and those have the same paths."""
    (a, i, j), (b, k, m) = old, new
    return i == k == 0 and j == len(a) == m == len(b) and a.prefix == b.prefix and a.names == b.names


def _common(old: list[RepoPath], new: list[RepoPath]) -> int:
    """How many paths both lists begin with alike."""
    return sum(takewhile(bool, map(eq, old, new)))


def _compare_paths(old: _Slice, new: _Slice) -> Iterator[Change]:
    before, after = old.entries(), new.entries()
    for path in sorted(before.keys() | after.keys()):
        was, now = before.get(path), after.get(path)
        if was != now:
            yield Change(path, was, now)


def _compare_columns(old: _Slice, new: _Slice) -> Iterator[Change]:
    """Compare slices of the same paths."""
    (a, i, j), (b, k, m) = old, new
    differing = set(_differing_ids(a.blobs[i * ID_SIZE : j * ID_SIZE], b.blobs[k * ID_SIZE : m * ID_SIZE]))
    for left, right in ((a.sizes[i:j], b.sizes[k:m]), (a.kinds[i:j], b.kinds[k:m])):
        if left != right:
            differing.update(compress(range(j - i), map(ne, left, right)))
    if a.recipes or b.recipes:
        recipes = map(ne, map(a.recipes.get, range(i, j)), map(b.recipes.get, range(k, m)))
        differing.update(compress(range(j - i), recipes))
    for at in sorted(differing):
        yield Change(a.path(i + at), a.entry(i + at), b.entry(k + at))


def _differing_ids(old: bytes, new: bytes) -> Iterator[int]:
    """The positions at which two columns of as many ids differ."""
    count = len(old) // ID_SIZE
    at = common_ids(old, new)
    while at < count:
        yield at
        at += 1
        at += common_ids(old, new, at, at)
