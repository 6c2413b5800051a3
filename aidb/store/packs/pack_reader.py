"""Reading one pack: its index from the footer, or, if that is damaged, from the records themselves.

A pack's name is the hash of its index section. So an index rebuilt from the records proves itself: if it hashes to the
name, every record header is whole and in place; if not, something is missing or changed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from aidb.errors import DamagedObjectError, IntegrityError
from aidb.store.backends.base import Backend, no_such_object
from aidb.store.hashing import hash_bytes
from aidb.store.indexes.columns import decode_index, encode_records
from aidb.store.packs.layout import (
    FOOTER,
    HEADER,
    INDEX_MAGIC,
    MAX_PACK,
    MAX_RECORDS,
    RECORD,
    Footer,
    PackId,
    Record,
    check_footer,
    check_header,
    parse_record,
    version_for,
)

_WINDOW = 1 << 20
_TAIL = 64 << 10
"""One read of this size gets footer and index of a small pack at once."""


def read_index(backend: Backend, pack: PackId, key: str = "") -> bytes:
    """A pack's verified index section; `key` says where the pack is if it is not in its usual place.

    Raises NotFoundError, DamagedObjectError, UnsupportedFormatError.
    """
    key = key or pack.key
    size = backend.size(key)
    if size is None:
        raise no_such_object(key)
    start = max(0, size - _TAIL)
    tail = backend.read_range(key, start, size - start)
    footer = check_footer(tail[-FOOTER.size :], start + len(tail))
    section = _section(backend, key, footer, tail, start)
    if hash_bytes(section) != pack.name or footer.index_hash != pack.name or footer.kind is not pack.kind:
        raise DamagedObjectError("its index does not match its name")
    columns = decode_index(section)
    if columns.rows != footer.records or version_for(columns.codecs) != footer.version:
        raise DamagedObjectError("its footer does not match its index")
    return section


def _section(backend: Backend, key: str, footer: Footer, tail: bytes, tail_start: int) -> bytes:
    if footer.index_start >= tail_start:
        begin = footer.index_start - tail_start
        return tail[begin : begin + footer.index_length]
    return backend.read_range(key, footer.index_start, footer.index_length)


def walk_records(backend: Backend, pack: PackId) -> Iterator[Record]:
    """The records from the beginning of a pack, without its index, reading only their headers.

    Ends where the index section begins. Raises DamagedObjectError where the chain breaks: what was yielded before
    that is good to try (each chunk still has its own hash).
    """
    size = backend.size(pack.key) or 0
    window = backend.read_range(pack.key, 0, _WINDOW)
    check_header(window[: HEADER.size])
    base, offset, count = 0, HEADER.size, 0
    while True:
        if offset + RECORD.size > base + len(window):
            base, window = offset, backend.read_range(pack.key, offset, _WINDOW)
        header = window[offset - base : offset - base + RECORD.size]
        if header.startswith(INDEX_MAGIC):
            return
        record = parse_record(header, offset)
        count += 1
        if record.end > min(size, MAX_PACK) or count > MAX_RECORDS:
            raise DamagedObjectError(f"the record of chunk {record.id.hex()} is cut off")
        yield record
        offset = record.end


def rebuild_index(backend: Backend, pack: PackId) -> tuple[bytes, bool]:
    """An index section made from the records that can be reached, and whether it is the pack's own, complete."""
    records: list[Record] = []
    with contextlib.suppress(IntegrityError):
        records.extend(walk_records(backend, pack))
    section = encode_records(records)
    return section, hash_bytes(section) == pack.name
