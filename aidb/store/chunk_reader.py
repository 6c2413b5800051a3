"""Reading chunks out of packs: verified, in storage order, neighbours in one read.

A chunk that is damaged in one pack is looked for in others before it is given up; a chunk that is in no known index
makes the reader look again what others have added since. Never are bytes handed out that do not match their id.

The bases of deltas are read together before the deltas of one read are resolved, theirs before them, and so on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from aidb.errors import DamagedObjectError, IntegrityError, MissingObjectError, NotFoundError, StorageError
from aidb.store.backends.base import Backend
from aidb.store.base_cache import BaseCache
from aidb.store.codecs import Codec
from aidb.store.copies import FSCK, CopySearch, Lineage, LostBaseError, chunk_of, lineage_of, read_copy
from aidb.store.deltas import DELTA, MAX_DEPTH, depth_of, read_base
from aidb.store.hashing import hash_bytes
from aidb.store.indexes.lookup import Plan, Planned, plan
from aidb.store.indexes.segment import Location
from aidb.store.indexes.view import IndexView
from aidb.store.overlap import ordered_map
from aidb.store.packs.layout import RECORD, PackId, Record, check_record
from aidb.store.readahead import Range, Readahead
from aidb.store.workers import Workers
from aidb.types import ObjectId

if TYPE_CHECKING:
    Bytes = bytes | bytearray | memoryview

SPAN = 4 << 20
"""Most bytes that one read fetches, unless one chunk alone is larger."""
_OVERLAPPED_SPAN = 1 << 20
"""The same for a thread among several: smaller, as all its chunks are held at once."""
_LARGE = 64 << 10
"""Chunks of which it pays to verify two at a time; Python's threads wait for each other over smaller ones."""
_EXPANDED = 8
"""Decoded, the chunks of a span have at most so many times its bytes."""
_GAP = 4 << 10
"""Other bytes between two records that are cheaper to read than to skip."""
_BLOCK = 1 << 17
"""Ids that are planned at once."""
_MOST_PLACES = 1 << 15
"""Chunks of which it is remembered where they are, some 10 MiB; then it begins anew."""
_RAW = int(Codec.RAW)
_ATTEMPTS = MAX_DEPTH + 4
"""Looks for a chunk: each may bring back a base of its base from quarantine."""


_Place = tuple[str, int, int, Location]
"""What a read of one chunk needs: the key of the pack, from where in it and how many bytes, what is said of them."""


_Fetched = tuple[PackId, Sequence[Planned], "Bytes"]
"""Records of a pack that one read has fetched, and the bytes: from those of the first record on."""


class ChunkReader:
    """Reads through a view. Safe for threads."""

    def __init__(self, backend: Backend, view: IndexView) -> None:
        self._backend = backend
        self._view = view
        self._bases = BaseCache()
        self._readahead = Readahead(backend)
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

    def are_alone(self, ids: Sequence[ObjectId]) -> bool:
        """Whether all of these are found, and none is a delta: then nothing is gained by reading them together."""
        try:
            places = [self._places.get(id_) or self._find(id_) for id_ in ids]
        except IntegrityError:
            return False
        return all(location.record.codec < DELTA for *_, location in places)

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

        With `overlap`, two threads verify large chunks while the caller uses what it has got. For small ones they would
        mostly wait for each other.
        """
        for start in range(0, len(ids), _BLOCK):
            found = self._read_block(ids[start : start + _BLOCK], overlap=overlap)
            yield from ((start + position, data) for position, data in found) if start else found

    def _read_block(self, ids: Sequence[ObjectId], *, overlap: bool) -> Iterator[tuple[int, Bytes]]:
        planned = self._plan(ids)
        overlap = overlap and sum([item.raw for item in planned.found]) > _LARGE * len(planned.found)
        spans = list(_spans(planned.found, _OVERLAPPED_SPAN if overlap else SPAN))
        fetched = self._fetch(planned.packs, spans)
        if overlap and len(spans) > 2:
            for part in ordered_map(lambda one: list(self._verified([one], ids)), fetched):
                yield from part
        else:
            yield from self._verified(fetched, ids)
        for query in planned.missing:
            yield query, self._read_again(ids[query])

    def _verified(self, fetched: Iterable[_Fetched], ids: Sequence[ObjectId]) -> Iterator[tuple[int, Bytes]]:
        for query, data in self._verify(fetched, ids):
            yield query, self._read_again(ids[query]) if data is None else data

    def _fetch(self, packs: Sequence[PackId], spans: Sequence[Sequence[Planned]]) -> Iterator[_Fetched]:
        keys = [pack.key for pack in packs]
        stored = self._readahead.read([_range_of(keys, span) for span in spans])
        return ((packs[span[0].pack], span, data) for span, data in zip(spans, stored, strict=True))

    def _plan(self, ids: Sequence[ObjectId]) -> Plan:
        try:
            return plan(self._view.segments, ids)
        except DamagedObjectError:
            self._view.distrust()
            return plan(self._view.segments, ids)

    def _verify(
        self, fetched: Iterable[_Fetched], ids: Sequence[ObjectId]
    ) -> Iterator[tuple[int, Bytes | None]]:
        """The chunks in what was fetched; None for one that is not good. One generator for all: spans may be short."""
        for pack, span, data in fetched:
            first = span[0].offset
            view = data if len(span) == 1 else memoryview(data)
            depths = _bases_of(span, view)
            bases = self._read_bases(depths) if depths else {}
            for _, offset, length, raw, codec, query in span:
                part = view[offset - first : offset - first + length]
                id_ = ids[query]
                if codec == _RAW and length == raw and hash_bytes(part) == id_:
                    yield (
                        query,
                        part,
                    )  # as most small chunks are: nothing to decode, and no words to make of it
                    continue
                location = Location(pack, Record(id_, offset, length, raw, codec))
                try:
                    yield query, chunk_of(location, part, partial(_known_base, bases))
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
        for query, data in self._verify(self._fetch(planned.packs, list(_spans(usable, SPAN))), ids):
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


def _range_of(keys: Sequence[str], span: Sequence[Planned]) -> Range:
    """What one read fetches: from the stored bytes of the first record to those of the last."""
    start = span[0].offset
    end = span[0].stored + start if len(span) == 1 else max([item.offset + item.stored for item in span])
    return Range(keys[span[0].pack], start + RECORD.size, end - start)


def _known_base(bases: Mapping[ObjectId, Bytes], id_: ObjectId, _depth: int) -> Bytes:
    return bases[id_]


def _bases_of(span: Sequence[Planned], view: Bytes) -> dict[ObjectId, int]:
    """The bases that the records of a span need, and the depth that each must lie above of."""
    depths: dict[ObjectId, int] = {}
    for _, offset, length, _, codec, _ in span:
        if codec > DELTA and (depth := depth_of(codec)):
            begin = offset - span[0].offset
            with contextlib.suppress(DamagedObjectError):
                base = read_base(view[begin : begin + length]).id
                depths[base] = min(depth, depths.get(base, depth))
    return depths


def _spans(found: Sequence[Planned], most: int) -> Iterator[Sequence[Planned]]:
    """Groups of records that one read of `most` bytes should fetch, and whose bases may be in memory together."""
    first = begin = raw = bases = 0
    pack = end = -1
    for number, (its_pack, offset, stored, size, codec, _) in enumerate(found):
        base = size if codec > DELTA else 0
        apart = its_pack != pack or offset > end
        large = offset + stored - begin > most or raw + size > _EXPANDED * most or bases + base > most
        if apart or large:
            if number:
                yield found[first:number]
            first, pack, begin, raw, bases = number, its_pack, offset, 0, 0
        raw += size
        bases += base
        end = offset + stored + _GAP
    if found:
        yield found[first:]
