"""The manifest of no files, without a store: what a repository holds before its first commit."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from blake3 import blake3

from aidb.errors import MissingObjectError
from aidb.types import ObjectId

if TYPE_CHECKING:
    from aidb.store import PackKind
    from aidb.versioning.manifest import Manifest


class _Nodes:
    """Nodes in memory: reader and writer of manifests."""

    def __init__(self) -> None:
        self._nodes: dict[ObjectId, bytes] = {}

    def read_chunk(self, node_id: ObjectId, /) -> bytes:
        if node_id not in self._nodes:
            raise MissingObjectError(f"there is no node {node_id.hex()}")
        return self._nodes[node_id]

    def put_chunk(self, data: bytes, /, *, kind: PackKind) -> ObjectId:
        node_id = ObjectId(blake3(data).digest())
        self._nodes[node_id] = data
        return node_id


@cache
def empty_manifest() -> Manifest:
    """The same for every repository; its root is what `build` gives for nothing."""
    from aidb.versioning.manifest import Manifest, build

    nodes = _Nodes()
    return Manifest(nodes, build(nodes, ()))
