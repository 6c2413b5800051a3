"""Reading chunks out of packs: verified, in storage order, neighbours in one read.

A chunk that is damaged in one pack is looked for in others before it is given up; a chunk that is in no known index
makes the reader look again what others have added since. Never are bytes handed out that do not match their id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aidb.errors import DamagedObjectError, MissingObjectError, NotFoundError, StorageError
from aidb.store.backends.base import Backend
from aidb.store.codecs import decode
from aidb.store.hashing import hash_bytes
from aidb.store.indexes.lookup import Plan, Planned, plan
from aidb.store.indexes.segment import Location
from aidb.store.indexes.view import IndexView
from aidb.store.packs.layout import RECORD, PackId, check_record
from aidb.types import ObjectId

if TYPE_CHECKING:
    Bytes = bytes | bytearray | memoryview

SPAN = 4 << 20
"""Most bytes that one read fetches, unless one chunk alone is larger."""
_GAP = 16 << 10
"""Unwanted bytes between two records that are cheaper to read than to skip."""
_BLOCK = 1 << 17
"""Ids that are planned at once."""

_ATTEMPTS = 4
_FSCK = ("Run `aidb fsck` to see everything that is affected.",)


class ChunkReader:
    """Reads through a view. Safe for threads."""

    def __init__(self, backend: Backend, view: IndexView) -> None:
        self._backend = backend
        self._view = view

    def read(self, id_: ObjectId) -> bytes:
        """One verified chunk. Raises MissingObjectError, DamagedObjectError, StorageError."""
        for segment in self._view.segments:
            row = segment.find(id_)
            if row >= 0:
                try:
                    return self.read_copy(id_, segment.location(row))
                except (DamagedObjectError, NotFoundError, StorageError):
                    break
        return self._read_again(id_)

    def read_many(self, ids: Sequence[ObjectId]) -> Iterator[tuple[int, Bytes]]:
        """Position in `ids` and verified bytes of each, in storage order. Holds a few MiB at a time."""
        for start in range(0, len(ids), _BLOCK):
            block = ids[start : start + _BLOCK]
            for position, data in self._read_block(block):
                yield start + position, data

    def _read_block(self, ids: Sequence[ObjectId]) -> Iterator[tuple[int, Bytes]]:
        planned = self._plan(ids)
        for span in _spans(planned.found):
            yield from self._read_span(planned.packs[span[0].pack], span, ids)
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
    ) -> Iterator[tuple[int, Bytes]]:
        start = span[0].offset + RECORD.size
        end = max(item.offset + item.stored for item in span) + RECORD.size
        try:
            view = memoryview(self._backend.read_range(pack.key, start, end - start))
        except (NotFoundError, StorageError):
            view = memoryview(b"")
        for _, offset, length, raw, codec, query in span:
            at = offset + RECORD.size - start
            data = verified(ids[query], view[at : at + length], codec, raw)
            yield query, self._read_again(ids[query]) if data is None else data

    def read_any_copy(self, id_: ObjectId) -> bytes:
        """The first good copy among all that the indexes know. Raises as `read` does."""
        failure: DamagedObjectError | StorageError | None = None
        for segment in self._view.segments:
            for row in segment.rows_of(id_):
                try:
                    return self.read_copy(id_, segment.location(row))
                except NotFoundError:
                    continue
                except (DamagedObjectError, StorageError) as error:
                    failure = error
        raise failure or self._missing(id_)

    def _read_again(self, id_: ObjectId) -> bytes:
        """The slow way, when the first try failed: any copy; then any after checking the indexes and looking again,
        also among what garbage collection has set aside."""
        try:
            return self.read_any_copy(id_)
        except (MissingObjectError, DamagedObjectError, StorageError):
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
                if not self._view.rescue([id_]):
                    break
        raise failure

    def read_copy(self, id_: ObjectId, location: Location) -> bytes:
        """The copy at one place. Raises DamagedObjectError, NotFoundError, StorageError."""
        pack, record = location
        check_record(record)
        stored = self._backend.read_range(pack.key, record.offset + RECORD.size, record.stored)
        data = verified(id_, stored, record.codec, record.raw)
        if data is None:
            raise DamagedObjectError(f"chunk {id_.hex()} is damaged in pack {pack}", hints=_FSCK)
        return data if isinstance(data, bytes) else bytes(data)

    def _missing(self, id_: ObjectId) -> MissingObjectError:
        damaged = self._view.damaged
        where = f"; {len(damaged)} packs are damaged, the first is {next(iter(damaged))}" if damaged else ""
        return MissingObjectError(f"chunk {id_.hex()} is in no pack{where}", hints=_FSCK)


def verified(id_: ObjectId, stored: Bytes, codec: int, raw: int) -> Bytes | None:
    """The chunk, or None if these bytes are not it."""
    try:
        data = decode(codec, stored, raw)
    except DamagedObjectError:
        return None
    return data if hash_bytes(data) == id_ else None


def _spans(found: Sequence[Planned]) -> Iterator[Sequence[Planned]]:
    """Groups of records that one read should fetch."""
    first = 0
    end = -1
    for number, item in enumerate(found):
        begin = found[first]
        apart = item.pack != begin.pack or item.offset > end + _GAP
        if number and (apart or item.offset + item.stored - begin.offset > SPAN):
            yield found[first:number]
            first = number
        end = item.offset + RECORD.size + item.stored
    if found:
        yield found[first:]
