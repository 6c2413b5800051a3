"""Nodes in a dict, a shape that makes small trees deep, and random content for both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from aidb.errors import MissingObjectError
from aidb.store.hashing import hash_bytes
from aidb.types import Entry, Kind, ObjectId, RepoPath
from aidb.versioning.manifest import LevelShape, Manifest, Shape, build

SMALL = Shape(LevelShape(3, 2, 8), LevelShape(3, 2, 5), 8192)
Content = dict[RepoPath, Entry]


class MemoryNodes(dict[bytes, bytes]):
    """A node reader and writer that counts."""

    reads = 0

    def read_chunk(self, node_id: ObjectId, /) -> bytes:
        self.reads += 1
        if node_id not in self:
            raise MissingObjectError(f"{node_id.hex()} is not here")
        return self[node_id]

    def put_chunk(self, data: bytes, /, *, kind: Any = None) -> ObjectId:
        assert kind is None or kind == "meta"
        node_id = hash_bytes(data)
        self[node_id] = data
        return node_id


def entry(seed: int = 0, *, kind: Kind = Kind.FILE, chunked: bool = False) -> Entry:
    """Some entry; the same seed gives the same content."""
    blob = hash_bytes(b"%d" % seed)
    return Entry(kind, seed % 1000, blob, hash_bytes(blob) if chunked else None)


def numbered(count: int, pattern: bytes = b"img/%06d.png") -> Content:
    return {RepoPath(pattern % at): entry(at) for at in range(count)}


def store(content: Content, nodes: MemoryNodes | None = None, shape: Shape = SMALL) -> Manifest:
    """The manifest of `content`, built from nothing."""
    nodes = MemoryNodes() if nodes is None else nodes
    return Manifest(nodes, build(nodes, sorted(content.items()), shape=shape))


def height(manifest: Manifest) -> int:
    return manifest.nodes.node(manifest.root).level


def is_clean(paths: Iterable[bytes]) -> bool:
    """Whether no path lies in another."""
    known = set(paths)
    return not any(path[:at] in known for path in known for at, char in enumerate(path) if char == ord("/"))


def without_clashes(content: Content) -> Content:
    """`content` less the paths that lie in another one."""
    kept: Content = {}
    for path in sorted(content):
        if not any(path[:at] in kept for at, char in enumerate(path) if char == ord("/")):
            kept[path] = content[path]
    return kept


entries = st.builds(
    entry,
    st.integers(0, 6),
    kind=st.sampled_from(Kind),
    chunked=st.booleans(),
)
# Few names, so that paths meet; `a-` and `a0` sort on either side of what lies in `a`.
_names = st.sampled_from([b"a", b"a-", b"a0", b"b", b"c", b"\xff\xfe"])
_nested = st.lists(_names, min_size=1, max_size=3).map(b"/".join)
_flat = st.integers(0, 300).map(lambda at: b"d/%03d" % at)
paths = st.one_of(_nested, _flat).map(RepoPath)
contents = st.builds(
    lambda few, run, step: without_clashes(few | dict(run[::step])),
    st.dictionaries(paths, entries, max_size=12),
    st.integers(0, 300).map(lambda count: list(numbered(count, b"d/%03d").items())),
    st.integers(1, 3),
)
edits = st.lists(st.tuples(paths, st.one_of(st.none(), entries)), max_size=15)
