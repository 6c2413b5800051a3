"""Bytes in, ids out, and back: the content-addressed store.

Words: a *chunk* is a run of bytes named by its BLAKE3-256; a *pack* is an immutable file of many chunks with its index
at the end; a *blob* is the content of one file, which is one chunk or a *recipe* that lists chunks; a *backend* is
where packs lie. Everything read is verified against its id.

Not promised: that what was put is kept before `StoreWriter.flush()` returned, that nothing is stored twice when many
write at once, and any knowledge of paths, versions or who refers to what.

Names are loaded when first used: importing this package loads neither NumPy, zstandard nor pyfastcdc.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb.lazy import lazy_names

if TYPE_CHECKING:
    from aidb.store.backends.base import Backend, Stored
    from aidb.store.backends.faulty import FaultyBackend
    from aidb.store.backends.local import LocalBackend
    from aidb.store.backends.memory import MemoryBackend
    from aidb.store.blob_reader import BlobReader
    from aidb.store.dependencies import Dependency
    from aidb.store.fsck import Damage
    from aidb.store.ingest.source import Ingested, Source
    from aidb.store.object_store import ObjectStore
    from aidb.store.packs.layout import PackId, PackKind
    from aidb.store.usage import StoreUsage
    from aidb.store.writer import StoreWriter

__all__ = [
    "Backend",
    "BlobReader",
    "Damage",
    "Dependency",
    "FaultyBackend",
    "Ingested",
    "LocalBackend",
    "MemoryBackend",
    "ObjectStore",
    "PackId",
    "PackKind",
    "Source",
    "StoreUsage",
    "StoreWriter",
    "Stored",
]

_HOME = {
    "Backend": "backends.base",
    "BlobReader": "blob_reader",
    "Damage": "fsck",
    "Dependency": "dependencies",
    "FaultyBackend": "backends.faulty",
    "Ingested": "ingest.source",
    "LocalBackend": "backends.local",
    "MemoryBackend": "backends.memory",
    "ObjectStore": "object_store",
    "PackId": "packs.layout",
    "PackKind": "packs.layout",
    "Source": "ingest.source",
    "StoreUsage": "usage",
    "StoreWriter": "writer",
    "Stored": "backends.base",
}

__getattr__, __dir__ = lazy_names(__name__, _HOME)
