"""Copying what is needed out of packs that are to go, into new packs: as it is stored, each chunk hashed on the way.

A chunk of which a good copy lies in a pack that stays is not copied; the copy is read to be sure. A delta that lies
deeper does not stand for one that lies less deep: others may rely on just that depth. Nothing that exists is changed
here: when it is stopped, the new packs are as good as any others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from aidb.errors import IntegrityError, NotFoundError, StorageError
from aidb.progress import Task
from aidb.store.backends.base import Backend
from aidb.store.chunk_reader import ChunkReader
from aidb.store.deltas import depth_of
from aidb.store.garbage.marks import Mark, Marks
from aidb.store.indexes.columns import decode_index
from aidb.store.indexes.lookup import table_of
from aidb.store.indexes.segment import Location
from aidb.store.overlap import ordered_map
from aidb.store.packs.layout import RECORD, PackId, PackKind, Record
from aidb.store.packs.pack_reader import read_index
from aidb.store.packs.pack_writer import Encoded, PackWriter
from aidb.store.publisher import Publisher
from aidb.types import ObjectId

_SPAN = 4 << 20
_GAP = 64 << 10
"""Garbage between two records that is cheaper to read than to skip."""


class _Group(NamedTuple):
    """Records of a pack that one read fetches."""

    pack: PackId
    records: list[Record]


class Repacking:
    """One collection's copying. Not safe for threads."""

    def __init__(
        self,
        backend: Backend,
        chunks: ChunkReader,
        marks: Marks,
        publisher: Publisher,
        scratch: Callable[[], Path],
    ) -> None:
        self._backend = backend
        self._chunks = chunks
        self._marks = marks
        self._publisher = publisher
        self._scratch = scratch
        self._going: set[PackId] = set()
        self._depths: dict[ObjectId, int] = {}
        """How deep the copies lie that were made of chunks with several."""
        self.made: set[PackId] = set()
        self.copied_bytes = 0

    def run(self, packs: Sequence[PackId], task: Task) -> None:
        """Copy what is needed of these packs; when it returns, all of it can be read elsewhere.

        Raises DamagedObjectError if some of it is not whole: then nothing may be removed.
        """
        self._going = set(packs)
        for kind in PackKind:
            self._run([pack for pack in packs if pack.kind is kind], kind, task)

    def _run(self, packs: Sequence[PackId], kind: PackKind, task: Task) -> None:
        filling: PackWriter | None = None
        try:
            for group in ordered_map(self._read, self._needed(packs, task)):
                filling = filling or PackWriter(self._scratch(), kind)
                filling.append(group)
                self.copied_bytes += sum(len(chunk.stored) for chunk in group)
                if filling.is_full:
                    full, filling = filling, None
                    self._publisher.publish_later(full, lambda _, made: self.made.add(made))
            if filling is not None:
                self.made.update(self._publisher.publish(filling))
            self._publisher.wait()
        except BaseException:
            if filling is not None:
                filling.discard()
            raise

    def _needed(self, packs: Sequence[PackId], task: Task) -> Iterator[_Group]:
        """What has to be copied of packs, a few MiB at a time. A pack's own index says what it holds."""
        for pack in packs:
            records = sorted(
                decode_index(read_index(self._backend, pack)).records(), key=attrgetter("offset")
            )
            for group in _spans(self._to_copy(records)):
                yield _Group(pack, group)
            task.advance()

    def _read(self, group: _Group) -> list[Encoded]:
        """Read and verify some records: on threads, the next ones while those before are written."""
        pack, records = group
        start = records[0].offset
        data = memoryview(self._backend.read_range(pack.key, start, records[-1].end - start))
        return [self._encoded(pack, one, data[one.offset - start : one.end - start]) for one in records]

    def _to_copy(self, records: list[Record]) -> list[Record]:
        if not records:
            return []
        ids = table_of([record.id for record in records])
        wanted, copied = self._marks.are(ids, Mark.NEEDED), self._marks.are(ids, Mark.COPIED)
        twice = self._marks.have_copies(ids)
        chosen, seen = [], set()
        for number, record in enumerate(records):
            if not wanted[number]:
                continue
            if twice[number]:
                if self._is_copied(record) or self._stays(record):
                    continue
                self._depths[record.id] = depth_of(record.codec)
            elif copied[number] or record.id in seen:
                continue
            chosen.append(record)
            seen.add(record.id)
        if chosen:
            self._marks.add(table_of([record.id for record in chosen]), Mark.COPIED)
        return chosen

    def _is_copied(self, record: Record) -> bool:
        """Whether a copy was made that lies no deeper."""
        return self._depths.get(record.id, depth_of(record.codec) + 1) <= depth_of(record.codec)

    def _stays(self, record: Record) -> bool:
        """Whether a pack that does not go has a good copy that lies no deeper."""
        for place in self._marks.places(record.id):
            if place.pack in self._going or depth_of(place.record.codec) > depth_of(record.codec):
                continue
            try:
                self._chunks.read_copy(place)
            except (IntegrityError, NotFoundError, StorageError):
                continue
            return True
        return False

    def _encoded(self, pack: PackId, record: Record, data: memoryview) -> Encoded:
        stored = data[RECORD.size :]
        self._chunks.verify(Location(pack, record), stored)
        return Encoded(record.id, record.raw, record.codec, stored)


def _spans(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Records that one read should fetch."""
    group: list[Record] = []
    for record in records:
        apart = group and record.offset - group[-1].end > _GAP
        if group and (apart or record.end - group[0].offset > _SPAN):
            yield group
            group = []
        group.append(record)
    if group:
        yield group
