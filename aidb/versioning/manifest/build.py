"""Making a manifest from nothing: sorted items stream in, nodes stream out, a node per level is held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import Any

from aidb.types import Entry, ObjectId, RepoPath
from aidb.versioning.manifest.chunker import Chunker
from aidb.versioning.manifest.codec import encode_inner, encode_leaf
from aidb.versioning.manifest.node import Subtree
from aidb.versioning.manifest.nodes import NodeCache, NodeWriter
from aidb.versioning.manifest.order import PathOrder
from aidb.versioning.manifest.shape import PRODUCTION, Shape

_BATCH = 4096
_size = attrgetter("size")


def build(
    writer: NodeWriter, items: Iterable[tuple[RepoPath, Entry]], *, shape: Shape = PRODUCTION
) -> ObjectId:
    """Write the manifest of sorted `items` and return its root.

    Raises InvalidPathError if paths are not sorted, are no paths of a repository, or are both file and folder.
    """
    order = PathOrder()
    builder = TreeBuilder(NodeSink(writer), shape)
    for paths, entries in _columns(items):
        order.check(paths)
        builder.feed(paths, entries)
    return builder.finish()


def empty_root(writer: NodeWriter) -> ObjectId:
    """Write the manifest of no files and return its root."""
    return build(writer, ())


class NodeSink:
    """Encodes nodes, stores them, and remembers how inner nodes branch."""

    def __init__(self, writer: NodeWriter, cache: NodeCache | None = None) -> None:
        """`cache` is told of every node, for whoever reads the manifest next."""
        from aidb.store import PackKind

        self._write = partial(writer.put_chunk, kind=PackKind.META)
        self._cache = cache
        self.only_child: dict[ObjectId, ObjectId | None] = {}
        """Inner nodes written: the child, if there is just one. They may not be readable before the writer's flush."""

    def put(self, level: int, paths: Sequence[bytes], rows: Sequence[Any]) -> Subtree:
        if level == 0:
            node_id = self._store(encode_leaf(paths, rows))
            return Subtree(node_id, len(rows), sum(map(_size, rows)))
        node_id = self._store(encode_inner(level, paths, rows))
        self.only_child[node_id] = rows[0].id if len(rows) == 1 else None
        return Subtree(node_id, sum([row.files for row in rows]), sum([row.bytes for row in rows]))

    def _store(self, node: bytes) -> ObjectId:
        node_id = self._write(node)
        if self._cache is not None:
            self._cache.add(node_id, node)
        return node_id


class TreeBuilder:
    """Cuts a stream of items into nodes, those into nodes above them, and so on up to one root."""

    def __init__(self, sink: NodeSink, shape: Shape, level: int = 0) -> None:
        """Begin at `level`: 0 takes entries, others take the subtrees of the level below."""
        self._sink = sink
        self._shape = shape
        self._base = level
        self._chunkers: list[Chunker[Any]] = []

    def feed(self, paths: Sequence[bytes], rows: Sequence[Any]) -> None:
        """Take the next items of the lowest level."""
        self._chunker(self._base).feed(paths, rows)

    def finish(self) -> ObjectId:
        """Write what is open on every level; the first level that has a single node has the root."""
        level = self._base
        while not (level and self._chunker(level).seen == 1):
            if not self._chunker(level).seen:
                return self._sink.put(0, (), ()).id
            self._chunker(level).close()
            level += 1
        root: Subtree = self._chunker(level).pending[0]
        return root.id

    def _chunker(self, level: int) -> Chunker[Any]:
        while len(self._chunkers) <= level - self._base:
            next_level = self._base + len(self._chunkers)
            self._chunkers.append(Chunker(next_level, self._shape, partial(self._emit, next_level)))
        return self._chunkers[level - self._base]

    def _emit(self, level: int, paths: list[bytes], rows: list[Any]) -> None:
        subtree = self._sink.put(level, paths, rows)
        self._chunker(level + 1).feed([paths[0]], [subtree])


def _columns(
    items: Iterable[tuple[RepoPath, Entry]],
) -> Iterator[tuple[list[RepoPath], list[Entry]]]:
    source = iter(items)
    while batch := list(islice(source, _BATCH)):
        yield [path for path, _ in batch], [entry for _, entry in batch]
