"""Looking through a whole manifest for what reading parts of it does not show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import DamagedObjectError, IntegrityError, InvalidPathError
from aidb.types import ObjectId
from aidb.versioning.manifest.build import build
from aidb.versioning.manifest.cursor import Cursor
from aidb.versioning.manifest.shape import PRODUCTION, Shape
from aidb.versioning.manifest.tree import Manifest

if TYPE_CHECKING:
    from aidb.store import PackKind


class NodeDamage(NamedTuple):
    """A node that cannot be used: the paths from `first` up to `upper`, `files` of them, cannot be read."""

    id: ObjectId
    first: bytes
    upper: bytes
    files: int | None
    """How many files its parent says it holds; None for the root."""
    error: IntegrityError


def check(manifest: Manifest, *, shape: Shape = PRODUCTION) -> Iterator[NodeDamage]:
    """Read every node and report those that are missing or damaged; whatever is not below them is still looked at.

    If all can be read, the manifest is built again and must come out the same: that proves every count, the order of
    paths, that none is both file and folder, and that the tree is the one its content has. If not, the root is
    reported.
    """
    damaged = False
    cursor = Cursor(manifest.nodes, manifest.root)
    while True:
        try:
            if cursor.node().level:
                cursor.down()
                continue
        except IntegrityError as error:
            damaged = True
            yield NodeDamage(cursor.id, cursor.first, cursor.upper, cursor.here and cursor.here.files, error)
        if not cursor.across():
            break
    if not damaged and (problem := _misbuilt(manifest, shape)):
        yield problem


def _misbuilt(manifest: Manifest, shape: Shape) -> NodeDamage | None:
    try:
        if build(_Hasher(), manifest.items(), shape=shape) == manifest.root:
            return None
        why = "its nodes are not cut as this content must be"
    except InvalidPathError as error:
        why = error.message
    cursor = Cursor(manifest.nodes, manifest.root)
    damage = DamagedObjectError(f"manifest {manifest.root.hex()} was not made by aidb: {why}")
    return NodeDamage(manifest.root, b"", cursor.upper, None, damage)


class _Hasher:
    """A node writer that keeps nothing."""

    def put_chunk(self, data: bytes, /, *, kind: PackKind) -> ObjectId:
        from aidb.store.hashing import hash_bytes

        return hash_bytes(data)
