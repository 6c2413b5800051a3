"""Where nodes come from and go to: the store, seen through two small protocols, and a cache of decoded nodes."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from aidb.types import ObjectId
from aidb.versioning.manifest.codec import decode_node
from aidb.versioning.manifest.node import Inner, Leaf

if TYPE_CHECKING:
    from aidb.store import PackKind

CACHE_BYTES = 8 * 1024 * 1024


class NodeReader(Protocol):
    """Gives nodes back; `aidb.store.ObjectStore` is one."""

    def read_chunk(self, node_id: ObjectId, /) -> bytes:
        """The bytes of that id, verified. Raises MissingObjectError, DamagedObjectError."""


class NodeWriter(Protocol):
    """Takes nodes; `aidb.store.StoreWriter` is one."""

    def put_chunk(self, data: bytes, /, *, kind: PackKind) -> ObjectId:
        """Store `data` and return its id."""


class NodeCache:
    """Decoded nodes, the least recently used forgotten first. Threads may share one.

    Give one cache to several manifests as their reader, and they share what they have decoded.
    """

    def __init__(self, reader: NodeReader, capacity: int = CACHE_BYTES) -> None:
        """Keep nodes of about `capacity` encoded bytes; decoded they take some three times that."""
        self._reader = reader
        self._capacity = capacity
        self._held = 0
        self._nodes: OrderedDict[ObjectId, tuple[Leaf | Inner | bytes, int]] = OrderedDict()
        self._lock = Lock()

    def read_chunk(self, node_id: ObjectId, /) -> bytes:
        return self._reader.read_chunk(node_id)

    def node(self, node_id: ObjectId) -> Leaf | Inner:
        """The node of that id. Raises DamagedObjectError if it is none, MissingObjectError if it is not there."""
        with self._lock:
            known, _ = self._nodes.get(node_id, (None, 0))
            if known is not None:
                self._nodes.move_to_end(node_id)
        if isinstance(known, (Leaf, Inner)):
            return known
        data = self._reader.read_chunk(node_id) if known is None else known
        node = decode_node(data, node_id)
        self._keep(node_id, node, len(data))
        return node

    def add(self, node_id: ObjectId, data: bytes) -> None:
        """Take up a node that was just written: it need not be read back, and is decoded if it is asked for."""
        self._keep(node_id, data, len(data))

    def _keep(self, node_id: ObjectId, node: Leaf | Inner | bytes, size: int) -> None:
        with self._lock:
            if node_id not in self._nodes:
                self._held += size
            self._nodes[node_id] = (node, size)
            while self._held > self._capacity and len(self._nodes) > 1:
                self._held -= self._nodes.popitem(last=False)[1][1]
