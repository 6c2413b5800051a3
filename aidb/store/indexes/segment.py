"""One sorted index in memory or in a mapping: of a single pack, or merged from many. Searched without NumPy here."""

from __future__ import annotations

import bisect
import math
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aidb.errors import DamagedObjectError
from aidb.store.indexes.columns import TAIL, Columns
from aidb.store.packs.layout import PackId, Record
from aidb.types import ObjectId

_SMALL = 4096
_prefix_of = struct.Struct(">Q").unpack_from


def no_such_pack() -> DamagedObjectError:
    """The error for a row that names a pack its index does not list."""
    return DamagedObjectError("a merged index is damaged")


class Location(NamedTuple):
    """Where a copy of a chunk is."""

    pack: PackId
    record: Record


class Segment(NamedTuple):
    """Sorted columns and the packs their rows are in; without `pack_numbers` all rows are in `packs[0]`."""

    columns: Columns
    packs: Sequence[PackId]
    pack_numbers: memoryview | None = None

    def location(self, row: int, id_: ObjectId) -> Location:
        """Where the row of a chunk says that it is. Raises DamagedObjectError if it names no pack."""
        number = 0 if self.pack_numbers is None else self.pack_numbers[row]
        if number >= len(self.packs):
            raise no_such_pack()
        _, _, offsets, stored, raw, codecs = self.columns
        return Location(self.packs[number], Record(id_, offsets[row], stored[row], raw[row], codecs[row]))

    def find(self, id_: ObjectId) -> int:
        """A row of this id, or -1."""
        prefixes, tails = self.columns.prefixes, self.columns.tails
        (prefix,) = _prefix_of(id_)
        row = _first_row(prefixes, prefix)
        if row == len(prefixes) or prefixes[row] != prefix:
            return -1
        if tails[TAIL * row : TAIL * (row + 1)] == id_[8:]:
            return row
        return next(self.rows_of(id_), -1)  # another chunk with the same first eight bytes

    def rows_of(self, id_: ObjectId) -> Iterator[int]:
        """Every row of this id."""
        prefix, tail = int.from_bytes(id_[:8], "big"), id_[8:]
        prefixes, tails = self.columns.prefixes, self.columns.tails
        row = _first_row(prefixes, prefix)
        while row < len(prefixes) and prefixes[row] == prefix:
            if tails[TAIL * row : TAIL * (row + 1)] == tail:
                yield row
            row += 1

    def with_prefix(self, lowest: ObjectId, highest: ObjectId) -> Iterator[ObjectId]:
        """The ids between two, both included."""
        row = _first_row(self.columns.prefixes, int.from_bytes(lowest[:8], "big"))
        last = int.from_bytes(highest[:8], "big")
        while row < self.columns.rows and self.columns.prefixes[row] <= last:
            id_ = self.columns.id(row)
            if lowest <= id_ <= highest:
                yield id_
            row += 1

    def ids_in(self, pack: PackId) -> Iterator[ObjectId]:
        """The ids in one of the packs."""
        return map(self.columns.id, self._rows_in(pack))

    def records_in(self, pack: PackId) -> Iterator[Record]:
        """The records of one of the packs, in order of their ids."""
        return map(self.columns.record, self._rows_in(pack))

    def _rows_in(self, pack: PackId) -> Iterator[int]:
        number = self.packs.index(pack)
        numbers = self.pack_numbers
        return (row for row in range(self.columns.rows) if numbers is None or numbers[row] == number)


def _first_row(prefixes: memoryview, prefix: int) -> int:
    """Where `prefix` is or would be. Hashes are evenly spread, so in a large index the place is guessed first:
    a page or two are touched, not one for every halving."""
    count = len(prefixes)
    low, high = 0, count
    if count > _SMALL:
        guess, slack = prefix * count >> 64, 4 * math.isqrt(count)
        if guess - slack > 0 and prefixes[guess - slack] < prefix:
            low = guess - slack
        if guess + slack < count and prefixes[guess + slack] >= prefix:
            high = guess + slack
    return bisect.bisect_left(prefixes, prefix, low, high)
