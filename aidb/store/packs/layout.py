"""The byte layout of a pack: names, magic numbers, fixed structures and their limits.

    header · (record header · stored bytes)* · index section · footer

A pack is named by the BLAKE3 of its index section, which holds every chunk's id: the name vouches for the content.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from aidb.errors import DamagedObjectError, InvalidNameError, UnsupportedFormatError
from aidb.store.codecs import MAX_RAW, is_known
from aidb.store.deltas import DELTA
from aidb.types import ID_SIZE, ObjectId

VERSION = 1
DELTA_VERSION = 2
"""A pack with a delta in it says so by its version: readers before deltas refuse it instead of calling it damaged."""
_VERSIONS = (VERSION, DELTA_VERSION)
PACKS = "packs/"

MAGIC = b"aidbpack"
INDEX_MAGIC = b"aidbindx"
FOOTER_MAGIC = b"aidbfoot"

HEADER = struct.Struct("<8sHB5x")
RECORD = struct.Struct("<32sIIB7x")
INDEX_HEADER = struct.Struct("<8sHHI")
FOOTER = struct.Struct("<8sHB1xIQQ32s")

TARGET_SIZE = 64 << 20
"""A pack is sealed when it has grown this large,"""
TARGET_RECORDS = 1 << 17
"""or holds this many chunks, which bounds what a writer keeps in memory."""
MAX_RECORDS = 1 << 20
"""No reader accepts more in one pack."""
INDEX_WIDTH = 45
"""Bytes per chunk in the index section."""
MAX_PACK = (1 << 32) - 1
"""Offsets have 32 bits."""
MAX_STORED = MAX_RAW + 64
"""Stored bytes are never more than raw ones; a little room for a codec that would be allowed to grow them."""


class PackKind(StrEnum):
    """What a pack is for: file content, or manifest nodes and recipes, so that a history can be cloned alone."""

    DATA = "data"
    META = "meta"


_KIND_NUMBER = {PackKind.DATA: 0, PackKind.META: 1}
_NUMBER_KIND = {number: kind for kind, number in _KIND_NUMBER.items()}


class PackId(NamedTuple):
    """Names a pack: BLAKE3 of its index section, and what it is for."""

    name: ObjectId
    kind: PackKind

    @property
    def key(self) -> str:
        """Where a backend has it."""
        return f"{PACKS}{self.name.hex()}.{self.kind}"

    def __str__(self) -> str:
        return f"{self.name.hex()}.{self.kind}"


def parse_pack_key(key: str) -> PackId | None:
    """The pack a key belongs to, None if it is no pack's."""
    name, _, kind = key.removeprefix(PACKS).partition(".")
    if len(name) != 2 * ID_SIZE or kind not in ("data", "meta"):
        return None
    try:
        return PackId(ObjectId(bytes.fromhex(name)), PackKind(kind))
    except ValueError:
        return None


def kind_number(kind: PackKind) -> int:
    """The kind as it is written in headers."""
    return _KIND_NUMBER[kind]


def kind_of_number(number: int) -> PackKind:
    """The kind a header means."""
    if number not in _NUMBER_KIND:
        raise DamagedObjectError(f"{number} is no kind of pack")
    return _NUMBER_KIND[number]


class Record(NamedTuple):
    """One chunk in a pack: where its record begins, how long its stored and raw bytes are, and how to decode them."""

    id: ObjectId
    offset: int
    stored: int
    raw: int
    codec: int

    @property
    def end(self) -> int:
        return self.offset + RECORD.size + self.stored


class Footer(NamedTuple):
    """The last bytes of a pack: where its index section is and what it hashes to."""

    kind: PackKind
    records: int
    index_start: int
    index_length: int
    index_hash: ObjectId
    version: int = VERSION


def version_for(codecs: Iterable[int]) -> int:
    """The format version of a pack whose chunks are stored by these codecs."""
    return DELTA_VERSION if max(codecs, default=0) > DELTA else VERSION


def pack_header(kind: PackKind, version: int = VERSION) -> bytes:
    """The first bytes of a pack."""
    return HEADER.pack(MAGIC, version, kind_number(kind))


def check_header(data: bytes) -> PackKind:
    """Read the first bytes of a pack. Raises DamagedObjectError or UnsupportedFormatError."""
    if len(data) < HEADER.size:
        raise DamagedObjectError("it is too short to be a pack")
    magic, version, kind = HEADER.unpack_from(data)
    _check_magic(magic, MAGIC, version)
    found = kind_of_number(kind)
    if data[: HEADER.size] != pack_header(found, version):
        raise DamagedObjectError("its header is damaged")
    return found


def pack_footer(footer: Footer) -> bytes:
    """The last bytes of a pack."""
    kind, count, start, length, digest, version = footer
    return FOOTER.pack(FOOTER_MAGIC, version, kind_number(kind), count, start, length, digest)


def check_footer(data: bytes, pack_size: int) -> Footer:
    """Read the last bytes of a pack; every number in them must fit the pack's size."""
    if len(data) != FOOTER.size:
        raise DamagedObjectError("it is too short to be a pack")
    magic, version, kind, count, start, length, digest = FOOTER.unpack(data)
    _check_magic(magic, FOOTER_MAGIC, version)
    fits = start >= HEADER.size and start + length + FOOTER.size == pack_size
    if count > MAX_RECORDS or length != INDEX_HEADER.size + count * INDEX_WIDTH or not fits:
        raise DamagedObjectError("its footer does not fit its size")
    footer = Footer(kind_of_number(kind), count, start, length, ObjectId(digest), version)
    if data != pack_footer(footer):
        raise DamagedObjectError("its footer is damaged")
    return footer


def parse_record(header: bytes | memoryview, offset: int) -> Record:
    """Read one record header, found `offset` bytes into a pack."""
    if len(header) < RECORD.size:
        raise DamagedObjectError("a record is cut off")
    raw_id, stored, raw, codec = RECORD.unpack_from(header)
    if any(header[RECORD.size - 7 : RECORD.size]):
        raise DamagedObjectError("a record header is damaged")
    record = Record(ObjectId(raw_id), offset, stored, raw, codec)
    check_record(record)
    return record


def check_record(record: Record) -> None:
    """Refuse lengths that no writer writes and codecs that are unknown."""
    if record.stored > MAX_STORED or record.raw > MAX_RAW or not is_known(record.codec):
        raise DamagedObjectError(f"the record of chunk {record.id.hex()} is damaged")


def _check_magic(found: bytes, expected: bytes, version: int) -> None:
    if found != expected:
        raise DamagedObjectError(f"it does not say {expected.decode()} where it should")
    if version not in _VERSIONS:
        raise UnsupportedFormatError(
            f"a pack has format version {version}; this aidb reads up to version {DELTA_VERSION}",
            hints=("Upgrade aidb, then run the same command again.",),
        )


def check_chunk_size(size: int) -> None:
    """Refuse a chunk that readers would refuse."""
    if size > MAX_RAW:
        raise InvalidNameError(f"a chunk has at most {MAX_RAW} bytes, not {size}")
