"""The file format of a merged index: the rows of many packs in one sorted table, to be memory-mapped.

    header · pack table · columns · pack number per row

A merged index is derived: it may be deleted at any time and nothing is lost. Its name is the BLAKE3 of all that
follows the header; that is checked by fsck, and when an answer from it proves wrong, not on every open.
"""

from __future__ import annotations

import struct

from aidb.errors import DamagedObjectError
from aidb.store.hashing import hash_bytes
from aidb.store.indexes.columns import numbers, split_columns
from aidb.store.indexes.segment import Segment
from aidb.store.packs.layout import INDEX_WIDTH, VERSION, PackId, kind_number, kind_of_number
from aidb.types import ID_SIZE, ObjectId

INDEXES = "indexes/"
SUFFIX = ".idx"
MAGIC = b"aidbmrge"
HEADER = struct.Struct("<8sHHIQ8x")
_PACK = struct.Struct("<32sB")


def index_key(name: ObjectId) -> str:
    """Where a backend has it."""
    return f"{INDEXES}{name.hex()}{SUFFIX}"


def is_index_key(key: str) -> bool:
    """Whether a key is a merged index's."""
    name = key.removeprefix(INDEXES).removesuffix(SUFFIX)
    return key.endswith(SUFFIX) and len(name) == 2 * ID_SIZE


def encode_head(packs: list[PackId], count: int) -> tuple[bytes, bytes]:
    """The header, and the pack table padded to a multiple of eight bytes."""
    table = b"".join(_PACK.pack(name, kind_number(kind)) for name, kind in packs)
    return HEADER.pack(MAGIC, VERSION, 0, len(packs), count), table + bytes(-len(table) % 8)


def decode_merged(data: memoryview) -> Segment:
    """Read a merged index. Raises DamagedObjectError unless its length fits its counts."""
    if len(data) < HEADER.size:
        raise DamagedObjectError("a merged index is cut off")
    magic, version, _, packs, count = HEADER.unpack_from(data)
    table = _padded(packs * _PACK.size, 8)
    columns = _padded(count * INDEX_WIDTH, 4)
    if magic != MAGIC or version != VERSION or len(data) != HEADER.size + table + columns + 4 * count:
        raise DamagedObjectError("a merged index is damaged")
    listed = _decode_packs(data[HEADER.size : HEADER.size + packs * _PACK.size])
    if data[: HEADER.size + table] != b"".join(encode_head(listed, count)):
        raise DamagedObjectError("a merged index has a damaged header")
    body = data[HEADER.size + table :]
    if any(body[count * INDEX_WIDTH : columns]):
        raise DamagedObjectError("a merged index is damaged")
    return Segment(split_columns(body, count), listed, numbers(body[columns:], "I"))


def check_merged(key: str, data: memoryview) -> None:
    """Hash a merged index and compare it with its name. Raises DamagedObjectError."""
    if index_key(hash_bytes(data[HEADER.size :])) != key:
        raise DamagedObjectError("a merged index does not match its name")


def _decode_packs(table: memoryview) -> list[PackId]:
    return [PackId(ObjectId(name), kind_of_number(kind)) for name, kind in _PACK.iter_unpack(table)]


def _padded(size: int, unit: int) -> int:
    return size + -size % unit
