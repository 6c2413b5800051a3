"""A manifest: the sorted map from path to entry of one whole version, read node by node as it is looked at."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator
from functools import cached_property
from itertools import accumulate, chain
from typing import NamedTuple

from aidb.types import Entry, ObjectId, RepoPath
from aidb.versioning.manifest.cursor import Cursor
from aidb.versioning.manifest.node import END, Leaf, Totals
from aidb.versioning.manifest.nodes import NodeCache, NodeReader
from aidb.versioning.manifest.recent import RecentLeaves

Prefix = bytes
"""The beginning of paths, or a path itself: see `Manifest`."""

_MOST_FOUND = 1 << 15
"""Entries that are kept because they were asked for, some 10 MiB; then it begins anew."""


class Child(NamedTuple):
    """Something in a folder: a file with its entry, or a sub-folder (no entry) with what it holds in all."""

    name: bytes
    entry: Entry | None
    totals: Totals


class Manifest:
    """A version's files, by path. Immutable; threads may share one.

    Where a `prefix` is asked for, `b"train"` means the file or folder of that name (never `train2`), `b"train/"` what
    lies in the folder, and `b""` everything.

    Every read may raise MissingObjectError or DamagedObjectError. What is read is checked against the nodes above it;
    that counts of subtrees nobody looked into are true, and that no path is both file and folder, `check` finds out.
    """

    def __init__(self, reader: NodeReader, root: ObjectId) -> None:
        self.root = root
        self.nodes = reader if isinstance(reader, NodeCache) else NodeCache(reader)
        self._recent = RecentLeaves()
        self._found: dict[RepoPath, Entry] = {}

    def __repr__(self) -> str:
        return f"Manifest({self.root.hex()[:12]})"

    @property
    def files(self) -> int:
        """How many files there are."""
        return self._all.files

    @property
    def bytes(self) -> int:
        """How many bytes the files have together."""
        return self._all.bytes

    def __len__(self) -> int:
        return self.files

    def __contains__(self, path: object) -> bool:
        return isinstance(path, bytes) and self.get(RepoPath(path)) is not None

    def get(self, path: RepoPath) -> Entry | None:
        """The entry of `path`, or None."""
        entry = self._found.get(path)
        if entry is None:
            entry = self._leaf_of(path).get(path)
            if entry is not None:
                if len(self._found) >= _MOST_FOUND:
                    self._found = {}
                self._found[path] = entry
        return entry

    def items(self, prefix: Prefix = b"", start: Prefix = b"") -> Iterator[tuple[RepoPath, Entry]]:
        """Paths and entries below `prefix`, in order, from `start` on."""
        spans = ((max(first, start), stop) for first, stop in ranges(prefix))
        return chain.from_iterable(
            chain.from_iterable(self._runs(*span) for span in spans if span[0] < span[1])
        )

    def totals(self, prefix: Prefix = b"") -> Totals:
        """Files and bytes below `prefix`, from the counts in the nodes above them."""
        spans = [(self._before(start), self._before(stop)) for start, stop in ranges(prefix)]
        return Totals(sum(b.files - a.files for a, b in spans), sum(b.bytes - a.bytes for a, b in spans))

    def children(self, folder: Prefix = b"", beginning: Prefix = b"") -> Iterator[Child]:
        """What lies directly in `folder`, in the order of paths: a sub-folder `a` comes where `a/` would.

        Sub-folders are jumped over, so the cost is that of the listing, not of what lies below. With `beginning`, only
        what has a name that begins so is looked at.
        """
        inside, stop = ranges(folder.rstrip(b"/") + b"/" if folder else b"")[0]
        cursor, at = self._place(inside + beginning)
        stop = _after_all(inside + beginning) if beginning else stop
        while True:
            leaf = cursor.leaf()
            if at == len(leaf):
                if not cursor.next_node():
                    return
                at = 0
                continue
            path = leaf.path(at)
            if path >= stop:
                return
            name, slash, _ = path[len(inside) :].partition(b"/")
            if slash:
                yield Child(name, None, self.totals(inside + name + b"/"))
                cursor, at = self._place(_after_folder(inside + name))
            else:
                yield Child(name, leaf.entry(at), leaf.totals(at, at + 1))
                at += 1

    def position(self, path: Prefix) -> int:
        """How many files come before `path`."""
        return self._before(path).files

    def leaf_at(self, position: int) -> tuple[int, Leaf]:
        """The leaf that holds the file of this number, counted from 0, and the number of the leaf's first."""
        cursor = Cursor(self.nodes, self.root)
        first = 0
        while cursor.above_leaves():
            starts = list(accumulate(cursor.inner().file_counts, initial=first))
            child = bisect_right(starts, position) - 1
            first = starts[child]
            cursor.down_to(child)
        return first, cursor.leaf()

    def node_ids(self, skip: Container[ObjectId] = ()) -> Iterator[ObjectId]:
        """The ids of all nodes; nothing is said of those in `skip` and below them. Leaves are not read."""
        cursor = Cursor(self.nodes, self.root)
        more = True
        while more:
            if cursor.id not in skip:
                yield cursor.id
                if cursor.above_leaves():
                    cursor.down()
                    continue
            more = cursor.across()

    def cursor(self, path: Prefix = b"", level: int = 0) -> Cursor:
        """A cursor at the node of `level` that holds `path`, or would."""
        cursor = Cursor(self.nodes, self.root)
        cursor.seek(path, level)
        return cursor

    def _leaf_of(self, path: RepoPath) -> Leaf:
        leaf = self._recent.find(path)
        if leaf is None:
            cursor = self.cursor(path)
            leaf = cursor.leaf()
            self._recent.add(cursor.first, cursor.upper, leaf)
        return leaf

    @cached_property
    def _all(self) -> Totals:
        return Cursor(self.nodes, self.root).node().total

    def _place(self, path: Prefix) -> tuple[Cursor, int]:
        cursor = self.cursor(path)
        return cursor, cursor.leaf().find(path)

    def _runs(self, start: Prefix, stop: Prefix) -> Iterator[Iterable[tuple[RepoPath, Entry]]]:
        """The items from `start` up to `stop`, leaf by leaf."""
        cursor, at = self._place(start)
        while True:
            leaf = cursor.leaf()
            end = leaf.find(stop)
            yield zip(leaf.paths(at, end), leaf.rows(at, end), strict=True)
            if cursor.upper >= stop or not cursor.next_node():
                return
            at = 0

    def _before(self, path: Prefix) -> Totals:
        """Files and bytes of everything that comes before `path`."""
        files = size = 0
        cursor = Cursor(self.nodes, self.root)
        while cursor.above_leaves():
            node = cursor.inner()
            passed = node.totals(0, node.child_for(path))
            files, size = files + passed.files, size + passed.bytes
            cursor.down(path)
        leaf = cursor.leaf()
        passed = leaf.totals(0, leaf.find(path))
        return Totals(files + passed.files, size + passed.bytes)


def ranges(prefix: Prefix) -> list[tuple[bytes, bytes]]:
    """The spans of paths, from and up to, that a prefix means."""
    if not prefix:
        return [(b"", END)]
    folder = prefix.rstrip(b"/")
    inside = (folder + b"/", _after_folder(folder))
    return [inside] if prefix.endswith(b"/") else [(prefix, prefix + b"\0"), inside]


def _after_all(beginning: bytes) -> bytes:
    """Comes after every path that begins so, before whatever else comes after them."""
    stem = beginning.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1]) if stem else END


def _after_folder(folder: Prefix) -> bytes:
    """Comes after every path in `folder`, before whatever else comes after them."""
    return folder + b"0"  # the byte after the slash
