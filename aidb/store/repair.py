"""Repairing a store: what is good of a damaged pack goes into a new one, what is lost comes from elsewhere.

Nothing is deleted but merged indexes, which are derived: a damaged pack is moved to `damaged/`, where nobody searches
it and no collection removes it. In that order: the new pack is durable, the damaged one is moved, the new one takes its
place; in between its chunks are found in quarantine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from aidb.errors import DamagedObjectError, IntegrityError, NotFoundError, StorageError
from aidb.store.backends.base import Backend
from aidb.store.backends.local import LocalBackend
from aidb.store.chunk_reader import ChunkReader
from aidb.store.fsck import Damage
from aidb.store.indexes.columns import decode_index
from aidb.store.indexes.merged import is_index_key
from aidb.store.indexes.segment import Location
from aidb.store.indexes.view import IndexView
from aidb.store.packs.layout import RECORD, PackId, PackKind, Record, parse_pack_key
from aidb.store.packs.pack_reader import read_index, rebuild_index
from aidb.store.packs.pack_writer import Encoded, PackWriter
from aidb.store.quarantine import Kept, new_batch
from aidb.store.writer import StoreWriter
from aidb.types import ObjectId

DAMAGED = "damaged/"
_ATTEMPTS = 2


class Salvaged(NamedTuple):
    """What became of a damaged pack: where it lies now, how many chunks were good, and those that were not."""

    pack: PackId
    aside: str
    good: int
    bad: tuple[ObjectId, ...]


class Repair:
    """The repair of one store."""

    def __init__(self, backend: Backend, view: IndexView, scratch: Callable[[], Path]) -> None:
        self._backend = backend
        self._view = view
        self._scratch = scratch
        self._batch = new_batch(datetime.now().astimezone())

    def salvage(self, damages: Iterable[Damage]) -> list[Salvaged]:
        """Replace every damaged pack by what is good of it, and damaged indexes by none. Afterwards what the store
        says it has can be read."""
        files = dict.fromkeys(damage.file for damage in damages)
        packs = [pack for file in files if (pack := parse_pack_key(file)) is not None]
        done = [self._salvage(pack) for pack in packs if self._backend.size(pack.key) is not None]
        self._view.forget_missing()
        for key in filter(is_index_key, files):
            self._backend.delete(key)
        self._view.refresh()
        self._view.merge(self._scratch)
        return done

    def _salvage(self, pack: PackId) -> Salvaged:
        records = self._records(pack)
        chunks = ChunkReader(self._backend, self._view)
        good, bad = PackWriter(self._scratch(), pack.kind), []
        try:
            for record in records:
                chunk = self._read(chunks, pack, record)
                if chunk is None:
                    bad.append(record.id)
                else:
                    good.append([chunk])
            aside = self._replace(pack, good)
        finally:
            good.discard()
        # Deltas in the packs that follow may need what has moved.
        self._view.refresh()
        return Salvaged(pack, aside, len(good.ids), tuple(bad))

    def _records(self, pack: PackId) -> list[Record]:
        """Every record that the pack's own index, the records themselves or a merged index tell of."""
        found: dict[int, Record] = {}
        for read in (_walk, read_index):
            try:
                columns = decode_index(read(self._backend, pack))
            except (IntegrityError, StorageError, NotFoundError):
                continue
            found |= {record.offset: record for record in columns.records()}
        for segment in self._view.segments:
            if pack in segment.packs and segment.pack_numbers is not None:
                found |= {record.offset: record for record in segment.records_in(pack)}
        return [found[offset] for offset in sorted(found)]

    def _read(self, chunks: ChunkReader, pack: PackId, record: Record) -> Encoded | None:
        """A good record; a delta is none if its base cannot be read. One that cannot be read is tried again: a disk may
        fail for a moment."""
        for _ in range(_ATTEMPTS):
            try:
                stored = self._backend.read_range(pack.key, record.offset + RECORD.size, record.stored)
            except StorageError:
                continue
            except NotFoundError:
                return None
            with contextlib.suppress(DamagedObjectError):
                chunks.verify(Location(pack, record), stored)
                return Encoded(record.id, record.raw, record.codec, stored)
        return None

    def _replace(self, pack: PackId, good: PackWriter) -> str:
        aside = f"{DAMAGED}{self._batch}.{pack}"
        if not good.ids:
            self._backend.move(pack.key, aside)
            self._backend.sync()
            return aside
        new, _ = good.seal()
        # Its name may be the damaged pack's own: it waits where readers look for what they miss.
        waiting = Kept(self._batch, new, 0, 0.0).key
        self._backend.put(waiting, good.path)
        self._backend.sync()
        self._backend.move(pack.key, aside)
        self._backend.move(waiting, new.key)
        self._backend.sync()
        return aside


def _walk(backend: Backend, pack: PackId) -> bytes:
    return rebuild_index(backend, pack)[0]


class Copy:
    """Another store that may have what is lost here. It is only read."""

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        backend = LocalBackend(folder)
        view = IndexView(backend)
        view.distrust()
        self._chunks = ChunkReader(backend, view)

    def fetch(self, ids: Iterable[ObjectId]) -> Iterator[tuple[ObjectId, bytes]]:
        """Those of the chunks that it has, verified."""
        for id_ in ids:
            try:
                yield id_, self._chunks.read_any_copy(id_)
            except (IntegrityError, NotFoundError, StorageError):
                continue


def fetch(writer: StoreWriter, copy: Copy, lost: Mapping[ObjectId, PackKind]) -> int:
    """Store what a copy has of the lost chunks; how many that were."""
    count = 0
    for id_, data in copy.fetch(lost):
        writer.put_chunk(data, kind=lost[id_])
        count += 1
    return count
