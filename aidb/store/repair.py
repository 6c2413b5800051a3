"""Repairing a store: what is good of a damaged pack goes into a new one, what is lost comes from elsewhere.

Nothing is deleted but merged indexes, which are derived: a damaged pack is moved to `damaged/`, where nobody searches
it and no collection removes it. In that order: the new pack is durable, the damaged one is moved, the new one takes its
place; in between its chunks are found in quarantine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from aidb.errors import DamagedObjectError, IntegrityError, NotFoundError, StorageError
from aidb.store.backends.base import Backend
from aidb.store.backends.local import LocalBackend
from aidb.store.chunk_reader import ChunkReader
from aidb.store.codecs import Codec
from aidb.store.copies import LostBaseError
from aidb.store.fsck import Damage
from aidb.store.indexes.columns import decode_index
from aidb.store.indexes.merged import is_index_key
from aidb.store.indexes.segment import Location
from aidb.store.indexes.view import IndexView
from aidb.store.packs.layout import HEADER, RECORD, PackId, PackKind, Record, check_header, parse_pack_key
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

    def __init__(
        self, backend: Backend, view: IndexView, chunks: ChunkReader, scratch: Callable[[], Path]
    ) -> None:
        self._backend = backend
        self._view = view
        self._chunks = chunks
        self._scratch = scratch
        self._batch = new_batch(datetime.now().astimezone())
        self._too_deep: dict[ObjectId, None] = {}
        """Bases of the pack at hand of which only copies are good that lie too deep for what needs them."""

    def salvage(self, damages: Iterable[Damage]) -> list[Salvaged]:
        """Replace every damaged pack by what is good of it, and damaged indexes by none. Afterwards what the store
        says it has can be read, once the bases of chunks that are stored as differences are there."""
        files = dict.fromkeys(damage.file for damage in damages)
        packs = [pack for file in files if (pack := parse_pack_key(file)) is not None]
        there = [pack for pack in packs if self._backend.size(pack.key) is not None]
        done = [salvaged for pack in there if (salvaged := self._salvage(pack)) is not None]
        self._view.forget_missing()
        for key in filter(is_index_key, files):
            self._backend.delete(key)
        self._view.refresh()
        self._view.merge(self._scratch)
        return done

    def _salvage(self, pack: PackId) -> Salvaged | None:
        """None for a pack in which nothing is wrong but that it lacks bases, which others may still bring.

        Bases that lie too deep are added to what is good of it, each stored by itself.
        """
        good, bad = PackWriter(self._scratch(), pack.kind), []
        self._too_deep.clear()
        try:
            for record in self._records(pack):
                chunk = self._read(Location(pack, record))
                if chunk is None:
                    bad.append(record.id)
                else:
                    good.append([chunk])
            if not bad and not self._too_deep and self._is_whole(pack):
                return None
            count = len(good.ids)
            for id_ in self._too_deep:
                data = self._chunks.read_any_copy(id_)
                good.append([Encoded(id_, len(data), Codec.RAW, data)])
            aside = self._replace(pack, good)
        finally:
            good.discard()
        # Deltas in the packs that follow may need what has moved.
        self._view.refresh()
        return Salvaged(pack, aside, count, tuple(bad))

    def _is_whole(self, pack: PackId) -> bool:
        """Whether header, records and index of a pack belong together."""
        try:
            kind = check_header(self._backend.read_range(pack.key, 0, HEADER.size))
            section = read_index(self._backend, pack)
        except (IntegrityError, StorageError, NotFoundError):
            return False
        return kind is pack.kind and rebuild_index(self._backend, pack) == (section, True)

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

    def _read(self, place: Location) -> Encoded | None:
        """A good record. One that cannot be read is tried again: a disk may fail for a moment.

        One that only lacks its base may be good: it is kept, unless there is another copy.
        """
        pack, record = place
        for _ in range(_ATTEMPTS):
            try:
                stored = self._backend.read_range(pack.key, record.offset + RECORD.size, record.stored)
            except StorageError:
                continue
            except NotFoundError:
                return None
            return (
                Encoded(record.id, record.raw, record.codec, stored) if self._keeps(place, stored) else None
            )
        return None

    def _keeps(self, place: Location, stored: bytes) -> bool:
        try:
            self._chunks.verify(place, stored)
        except LostBaseError as error:
            if self._has_copy(place.record.id):
                return False
            if self._has_copy(error.base):
                self._too_deep[error.base] = None
        except DamagedObjectError:
            return False
        return True

    def _has_copy(self, id_: ObjectId) -> bool:
        try:
            self._chunks.read_any_copy(id_)
        except (IntegrityError, StorageError):
            return False
        return True

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
