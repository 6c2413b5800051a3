"""Manifest nodes that exist only in memory, above those of a store.

A virtual merge base is needed for one merge and never again: it is not worth storing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb.store.hashing import hash_bytes
from aidb.types import ObjectId
from aidb.versioning.manifest import NodeReader, empty_root

if TYPE_CHECKING:
    from aidb.store import PackKind


class Overlay:
    """Reads what was put here, and everything else from the store below. Both a reader and a writer of nodes."""

    def __init__(self, below: NodeReader) -> None:
        self._below = below
        self._nodes: dict[ObjectId, bytes] = {}
        self.empty = empty_root(self)

    def read_chunk(self, node_id: ObjectId, /) -> bytes:
        found = self._nodes.get(node_id)
        return self._below.read_chunk(node_id) if found is None else found

    def put_chunk(self, data: bytes, /, *, kind: PackKind) -> ObjectId:
        node_id = hash_bytes(data)
        self._nodes[node_id] = data
        return node_id
