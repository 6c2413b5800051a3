"""From a record to a verified chunk, and the search for a good copy when the first was none.

A chunk may be stored as its difference to a *base* (`aidb.store.deltas`). The base is read from a copy that lies less
deep than the delta: so every chain ends, and none comes back to itself, whatever its records claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import DamagedObjectError, IntegrityError, MissingObjectError, NotFoundError, StorageError
from aidb.store.backends.base import Backend
from aidb.store.base_cache import BaseCache
from aidb.store.codecs import Codec, decode
from aidb.store.deltas import HEAD, MAX_DEPTH, Base, decode_delta, depth_of, read_base
from aidb.store.hashing import hash_bytes
from aidb.store.indexes.segment import Location
from aidb.store.indexes.view import IndexView
from aidb.store.packs.layout import RECORD, check_record
from aidb.types import ObjectId

if TYPE_CHECKING:
    Bytes = bytes | bytearray | memoryview

Find = Callable[[ObjectId, int], "Bytes"]
"""Gives a verified chunk from a copy that lies less deep than the number; raises IntegrityError or StorageError."""

_RAW = int(Codec.RAW)

FSCK = ("Run `aidb fsck` to see everything that is affected.",)


class LostBaseError(DamagedObjectError):
    """It is not a delta that is damaged, but what it is the difference to."""

    base: ObjectId
    """What cannot be read: the base, or the last that can be told of its own bases."""


def chunk_of(location: Location, stored: Bytes, find: Find) -> Bytes:
    """The chunk whose stored bytes lie there. Raises DamagedObjectError unless it is the one it is named after."""
    pack, (id_, _, _, raw, codec) = location
    try:
        if codec == _RAW:
            data: Bytes = stored
        elif depth_of(codec):
            base = read_base(stored)
            data = decode_delta(stored, raw, base, _raw_of(location, base, find))
        else:
            data = decode(codec, stored, raw)
    except LostBaseError:
        raise
    except DamagedObjectError:
        data = b""
    if len(data) != raw or hash_bytes(data) != id_:
        raise DamagedObjectError(f"chunk {id_.hex()} is damaged in pack {pack}", hints=FSCK)
    return data


def _raw_of(location: Location, base: Base, find: Find) -> Bytes:
    pack, record = location
    try:
        return find(base.id, depth_of(record.codec))
    except (IntegrityError, StorageError) as error:
        lost = LostBaseError(
            f"chunk {record.id.hex()} in pack {pack} is stored as its difference to chunk {base.id.hex()}; "
            + error.message,
            hints=FSCK,
        )
        lost.base = error.base if isinstance(error, LostBaseError) else base.id
        raise lost from None


class CopySearch:
    """Looks through all copies that the indexes know, of one chunk and of the bases it needs.

    What was found not to be readable is remembered, so that many copies of each link do not make a chain long to
    follow: use a new one for each look.
    """

    def __init__(self, backend: Backend, view: IndexView, bases: BaseCache) -> None:
        self._backend = backend
        self._view = view
        self._bases = bases
        self._failures: dict[tuple[ObjectId, int], IntegrityError | StorageError] = {}

    def find(self, id_: ObjectId, depth: int = MAX_DEPTH + 1) -> bytes:
        """The first good copy that lies less deep. Raises MissingObjectError, DamagedObjectError, StorageError."""
        if (id_, depth) not in self._failures:
            try:
                return self._first_good(id_, depth)
            except (IntegrityError, StorageError) as error:
                self._failures[id_, depth] = error
        raise self._failures[id_, depth]

    def find_base(self, id_: ObjectId, depth: int) -> Bytes:
        """The same for a chunk that a delta of this depth is the difference to, unless it is still in memory."""
        kept = self._bases.get(id_, depth)
        return self._bases.put(id_, self.find(id_, depth), depth) if kept is None else kept

    def _first_good(self, id_: ObjectId, depth: int) -> bytes:
        failure: IntegrityError | StorageError | None = None
        for location in self._locations(id_):
            try:
                if depth_of(location.record.codec) < depth:
                    return read_copy(self._backend, location, self.find_base)
                failure = DamagedObjectError(
                    f"chunk {id_.hex()} in pack {location.pack} lies deeper than the chunk that needs it",
                    hints=FSCK,
                )
            except NotFoundError:
                continue
            except (IntegrityError, StorageError) as error:
                failure = error
        raise failure or self._missing(id_)

    def _locations(self, id_: ObjectId) -> Iterator[Location]:
        for segment in self._view.segments:
            for row in segment.rows_of(id_):
                yield segment.location(row, id_)

    def _missing(self, id_: ObjectId) -> MissingObjectError:
        damaged = self._view.damaged
        where = f"; {len(damaged)} packs are damaged, the first is {next(iter(damaged))}" if damaged else ""
        return MissingObjectError(f"chunk {id_.hex()} is in no pack{where}", hints=FSCK)


def read_copy(backend: Backend, location: Location, find: Find) -> bytes:
    """The chunk at a place of a pack. Raises DamagedObjectError, NotFoundError, StorageError."""
    pack, record = location
    check_record(record)
    data = chunk_of(location, backend.read_range(pack.key, record.offset + RECORD.size, record.stored), find)
    return data if isinstance(data, bytes) else bytes(data)


class Lineage(NamedTuple):
    """How deep a copy of a chunk lies, and what it is the difference to; None if it is stored by itself."""

    depth: int
    base: ObjectId | None


def lineage_of(backend: Backend, location: Location) -> Lineage:
    """From the record at a place of a pack. Raises DamagedObjectError, NotFoundError, StorageError."""
    pack, record = location
    depth = depth_of(record.codec)
    if not depth:
        return Lineage(0, None)
    head = backend.read_range(pack.key, record.offset + RECORD.size, min(record.stored, HEAD.size))
    try:
        return Lineage(depth, read_base(head).id)
    except DamagedObjectError:
        raise DamagedObjectError(f"chunk {record.id.hex()} is damaged in pack {pack}", hints=FSCK) from None
