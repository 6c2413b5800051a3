"""Reading chunks out of packs: verified, in storage order, neighbours in one read.

A chunk that is damaged in one pack is looked for in others before it is given up; a chunk that is in no known index
makes the reader look again what others have added since. Never are bytes handed out that do not match their id.

The bases of deltas are read together before the deltas of one read are resolved, theirs before them, and so on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from aidb.errors import DamagedObjectError, IntegrityError, MissingObjectError, NotFoundError, StorageError
from aidb.store.backends.base import Backend
from aidb.store.base_cache import BaseCache
from aidb.store.codecs import Codec
from aidb.store.copies import FSCK, CopySearch, Lineage, LostBaseError, chunk_of, lineage_of, read_copy
from aidb.store.deltas import MAX_DEPTH, depth_of, read_base
from aidb.store.hashing import hash_bytes
from aidb.store.indexes.lookup import Plan, Planned, plan
from aidb.store.indexes.segment import Location
from aidb.store.indexes.view import IndexView
from aidb.store.overlap import ordered_map
from aidb.store.packs.layout import RECORD, PackId, Record, check_record
from aidb.store.workers import Workers
from aidb.types import ObjectId

if TYPE_CHECKING:
    Bytes = bytes | bytearray | memoryview

SPAN = 4 << 20
"""Most bytes that one read fetches, unless one chunk alone is larger."""
_OVERLAPPED_SPAN = 1 << 20
"""The same for a thread among several: smaller, as all its chunks are held at once."""
_EXPANDED = 8
"""Decoded, the chunks of a span have at most so many times its bytes."""
_GAP = 16 << 10
"""Unwanted bytes between two records that are cheaper to read than to skip."""
_BLOCK = 1 << 17
"""Ids that are planned at once."""
_MOST_PLACES = 1 << 15
"""Chunks of which it is remembered where they are, some 10 MiB; then it begins anew."""
_RAW = int(Codec.RAW)
_ATTEMPTS = MAX_DEPTH + 4
"""Looks for a chunk: each may bring back a base of its base from quarantine."""


_Place = tuple[str, int, int, Location]
"""What a read of one chunk needs: the key of the pack, from where in it and how many bytes, what is said of them."""


class ChunkReader:
    """Reads through a view. Safe for threads."""

    def __init__(self, backend: Backend, view: IndexView) -> None:
        self._backend = backend
        self._view = view
        self._bases = BaseCache()
        self._places: dict[ObjectId, _Place] = {}
        self.workers = Workers()

    def read(self, id_: ObjectId) -> bytes:
        """One verified chunk. Raises MissingObjectError, DamagedObjectError, StorageError."""
        try:
            key, start, length, location = self._places.get(id_) or self._find(id_)
            data = chunk_of(location, self._backend.read_range(key, start, length), self.read_base)
            return data if isinstance(data, bytes) else bytes(data)
        except (IntegrityError, NotFoundError, StorageError):
            self._places.pop(id_, None)
        return self._read_again(id_)

    def _find(self, id_: ObjectId) -> _Place:
        """Where a chunk is, remembered for the next time. Raises MissingObjectError, DamagedObjectError."""
        for segment in self._view.segments:
            row = segment.find(id_)
            if row >= 0:
                location = segment.location(row, id_)
                check_record(location.record)
                if len(self._places) >= _MOST_PLACES:
                    self._places = {}
                record = location.record
                place = location.pack.key, record.offset + RECORD.size, record.stored, location
                self._places[id_] = place
                return place
        raise MissingObjectError(f"chunk {id_.hex()} is in no pack", hints=FSCK)

    def read_many(self, ids: Sequence[ObjectId], *, overlap: bool = False) -> Iterator[tuple[int, Bytes]]:
        """Position in `ids` and verified bytes of each, in storage order. Holds a few MiB at a time.

        With `overlap`, two threads read and verify while the caller uses what they have got.
        """
        for start in range(0, len(ids), _BLOCK):
            block = ids[start : start + _BLOCK]
            for position, data in self._read_block(block, overlap=overlap):
                yield start + position, data

    def _read_block(self, ids: Sequence[ObjectId], *, overlap: bool) -> Iterator[tuple[int, Bytes]]:
        planned = self._plan(ids)

        def read(span: Sequence[Planned]) -> Iterator[tuple[int, Bytes]]:
            for query, data in self._read_span(planned.packs[span[0].pack], span, ids):
                yield query, self._read_again(ids[query]) if data is None else data

        spans = list(_spans(planned.found, _OVERLAPPED_SPAN if overlap else SPAN))
        parts = (
            ordered_map(lambda span: list(read(span)), spans)
            if overlap and len(spans) > 2
            else map(read, spans)
        )
        for part in parts:
            yield from part
        for query in planned.missing:
            yield query, self._read_again(ids[query])

    def _plan(self, ids: Sequence[ObjectId]) -> Plan:
        try:
            return plan(self._view.segments, ids)
        except DamagedObjectError:
            self._view.distrust()
            return plan(self._view.segments, ids)

    def _read_span(
        self, pack: PackId, span: Sequence[Planned], ids: Sequence[ObjectId]
    ) -> Iterator[tuple[int, Bytes | None]]:
        """What one read fetches; None for a chunk that is not good."""
        start = span[0].offset + RECORD.size
        end = max(item.offset + item.stored for item in span) + RECORD.size
        try:
            view = memoryview(self._backend.read_range(pack.key, start, end - start))
        except (NotFoundError, StorageError):
            view = memoryview(b"")
        begins = [item.offset + RECORD.size - start for item in span]
        stored = [view[at : at + item.stored] for at, item in zip(begins, span, strict=True)]
        bases = self._read_bases(_bases_of(span, stored))
        for item, data in zip(span, stored, strict=True):
            _, offset, length, raw, codec, query = item
            if codec == _RAW and length == raw and hash_bytes(data) == ids[query]:
                yield query, data  # as most small chunks are: nothing to decode, and no words to make of it
                continue
            location = Location(pack, Record(ids[query], offset, length, raw, codec))
            try:
                yield query, chunk_of(location, data, lambda id_, _: bases[id_])
            except (DamagedObjectError, KeyError):
                yield query, None

    def _read_bases(self, depths: Mapping[ObjectId, int]) -> dict[ObjectId, Bytes]:
        """Those of some bases that can be read at once, each from a copy that lies less deep than is said of it."""
        if not depths:
            return {}
        kept = {id_: self._bases.get(id_, depth) for id_, depth in depths.items()}
        found: dict[ObjectId, Bytes] = {id_: data for id_, data in kept.items() if data is not None}
        ids = [id_ for id_ in depths if id_ not in found]
        planned = self._plan(ids)
        usable = [item for item in planned.found if depth_of(item.codec) < depths[ids[item.query]]]
        for span in _spans(usable, SPAN):
            for query, data in self._read_span(planned.packs[span[0].pack], span, ids):
                if data is not None:
                    found[ids[query]] = self._bases.put(ids[query], data, depths[ids[query]])
        return found

    def read_base(self, id_: ObjectId, depth: int) -> Bytes:
        """A chunk that a delta of this depth is the difference to, also from quarantine. Raises as `read` does."""
        for _ in range(MAX_DEPTH):
            try:
                return self._search().find_base(id_, depth)
            except MissingObjectError:
                missing = id_
            except LostBaseError as error:
                missing = error.base
            if not self._view.rescue([missing]):
                break
        return self._search().find_base(id_, depth)

    def read_copy(self, location: Location) -> bytes:
        """The chunk at one place of a pack. Raises DamagedObjectError, NotFoundError, StorageError."""
        return read_copy(self._backend, location, self.read_base)

    def verify(self, location: Location, stored: Bytes) -> None:
        """Raises DamagedObjectError unless these stored bytes are what the record says, with the base if it has one."""
        check_record(location.record)
        chunk_of(location, stored, self.read_base)

    def lineage(self, id_: ObjectId) -> Lineage:
        """How deep a chunk lies, and its base. Raises MissingObjectError, DamagedObjectError, StorageError."""
        return lineage_of(self._backend, self._find(id_)[-1])

    def read_any_copy(self, id_: ObjectId) -> bytes:
        """The first good copy among all that the indexes know. Raises as `read` does."""
        return self._search().find(id_)

    def _search(self) -> CopySearch:
        return CopySearch(self._backend, self._view, self._bases)

    def _read_again(self, id_: ObjectId) -> bytes:
        """The slow way, when the first try failed: any copy; then any after checking the indexes and looking again,
        also among what garbage collection has set aside."""
        try:
            return self.read_any_copy(id_)
        except (IntegrityError, StorageError):
            self._view.distrust()
        for _ in range(_ATTEMPTS):
            found = self._view.search([id_])
            try:
                return self.read_any_copy(id_)
            except MissingObjectError as error:
                # Found, and moved before it was read? Then once more.
                failure: MissingObjectError | DamagedObjectError | StorageError = error
                if not found:
                    break
            except (DamagedObjectError, StorageError) as error:
                failure = error
                wanted = [id_, error.base] if isinstance(error, LostBaseError) else [id_]
                if not self._view.rescue(wanted):
                    break
        raise failure


def _bases_of(span: Sequence[Planned], stored: Sequence[Bytes]) -> dict[ObjectId, int]:
    """The bases that some records need, and the depth that each must lie above of."""
    depths: dict[ObjectId, int] = {}
    for item, data in zip(span, stored, strict=True):
        depth = depth_of(item.codec)
        if depth:
            with contextlib.suppress(DamagedObjectError):
                base = read_base(data).id
                depths[base] = min(depth, depths.get(base, depth))
    return depths


def _spans(found: Sequence[Planned], most: int) -> Iterator[Sequence[Planned]]:
    """Groups of records that one read of `most` bytes should fetch, and whose bases may be in memory together."""
    first = raw = bases = 0
    end = -1
    for number, item in enumerate(found):
        begin = found[first]
        base = item.raw if depth_of(item.codec) else 0
        apart = item.pack != begin.pack or item.offset > end + _GAP
        large = item.offset + item.stored - begin.offset > most
        if number and (apart or large or raw + item.raw > _EXPANDED * most or bases + base > most):
            yield found[first:number]
            first, raw, bases = number, 0, 0
        raw, bases = raw + item.raw, bases + base
        end = item.offset + RECORD.size + item.stored
    if found:
        yield found[first:]
