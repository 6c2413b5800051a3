"""The index of a pack as columns, sorted by id: searched as they lie on disk, without decoding.

Ids are split: the first eight bytes as a number (what is searched), the other 24 as they are (what confirms). All
numbers are little-endian. A merged index has the same columns and one more, the number of the pack.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import DamagedObjectError
from aidb.store.packs.layout import INDEX_HEADER, INDEX_MAGIC, INDEX_WIDTH, VERSION, Record
from aidb.types import ObjectId

if TYPE_CHECKING:
    Bytes = bytes | bytearray | memoryview

TAIL = 24


class Columns(NamedTuple):
    """`prefixes` holds 64-bit numbers, `offsets`, `stored` and `raw` 32-bit ones, `tails` 24 bytes per chunk."""

    prefixes: memoryview
    tails: memoryview
    offsets: memoryview
    stored: memoryview
    raw: memoryview
    codecs: memoryview

    def id(self, row: int) -> ObjectId:
        return ObjectId(self.prefixes[row].to_bytes(8, "big") + self.tails[TAIL * row : TAIL * (row + 1)])

    def record(self, row: int) -> Record:
        return Record(self.id(row), self.offsets[row], self.stored[row], self.raw[row], self.codecs[row])

    def records(self) -> Iterator[Record]:
        return map(self.record, range(self.rows))

    @property
    def rows(self) -> int:
        return len(self.prefixes)


def encode_index(
    ids: Sequence[bytes],
    offsets: Sequence[int],
    stored: Sequence[int],
    raw: Sequence[int],
    codecs: Sequence[int],
) -> bytes:
    """The index section of a pack, from its records in the order of the pack; equal ids keep that order."""
    count = len(ids)
    order = sorted(range(count), key=ids.__getitem__)
    ids = [ids[place] for place in order]
    numbers_of = struct.Struct(f"<{count}I")
    return b"".join(
        (
            INDEX_HEADER.pack(INDEX_MAGIC, VERSION, 0, count),
            struct.pack(f"<{count}Q", *struct.unpack(f">{count}Q", b"".join([id_[:8] for id_ in ids]))),
            b"".join([id_[8:] for id_ in ids]),
            *(numbers_of.pack(*[column[place] for place in order]) for column in (offsets, stored, raw)),
            bytes([codecs[place] for place in order]),
        )
    )


def encode_records(records: Sequence[Record]) -> bytes:
    """The index section of a pack, from its records in the order of the pack."""
    columns = list(zip(*records, strict=True)) or [()] * 5
    ids, offsets, stored, raw, codecs = columns
    return encode_index(ids, offsets, stored, raw, codecs)


def decode_index(section: bytes) -> Columns:
    """Read an index section. Raises DamagedObjectError unless its length fits its count."""
    if len(section) < INDEX_HEADER.size:
        raise DamagedObjectError("its index is cut off")
    magic, version, reserved, count = INDEX_HEADER.unpack_from(section)
    fits = len(section) == INDEX_HEADER.size + count * INDEX_WIDTH
    if magic != INDEX_MAGIC or version != VERSION or reserved or not fits:
        raise DamagedObjectError("its index is damaged")
    return split_columns(memoryview(section)[INDEX_HEADER.size :], count)


def split_columns(body: memoryview, count: int) -> Columns:
    """Views of the columns, one after the other in `body`."""
    ends = [count * width for width in (8, 8 + TAIL, 12 + TAIL, 16 + TAIL, 20 + TAIL, 21 + TAIL)]
    prefixes, tails, offsets, stored, raw, codecs = (
        body[start:end] for start, end in zip([0, *ends], ends, strict=False)
    )
    return Columns(
        numbers(prefixes, "Q"), tails, numbers(offsets, "I"), numbers(stored, "I"), numbers(raw, "I"), codecs
    )


def numbers(column: memoryview, code: str) -> memoryview:
    """A column of little-endian numbers as numbers; copied only where the machine counts the other way."""
    if sys.byteorder == "little":
        return column.cast(code)  # type: ignore[call-overload,no-any-return]
    swapped = array(code, column.tobytes())
    swapped.byteswap()
    return memoryview(swapped)
