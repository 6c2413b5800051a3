"""The bytes of the index file (docs/spec/index.md): blocks, one per folder, then a table of them, then the state.

A reader checks everything once and then decodes only the blocks it visits; a writer copies the blocks that did not
change. The table and the state are covered by a BLAKE3 checksum in the footer, every block by a CRC-32 in the table.
"""

from __future__ import annotations

import os
import sys
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from struct import Struct
from typing import NamedTuple, Self

from blake3 import blake3

from aidb.errors import DamagedObjectError, UnsupportedFormatError
from aidb.types import path_problem
from aidb.versioning.workspace.index.glance import ROW_SIZE
from aidb.versioning.workspace.index.state import State, decode_state, encode_state

MAGIC = b"aidbidx2"
_WITHOUT_NOTES = b"aidbidx1"
"""What ends an index whose conflicts have no notes; such are read, and no longer written."""

_FOOTER = Struct("<QQQ32s8s")
_BLOCK_HEAD = Struct("<II")
_TABLE_HEAD = Struct("<II")
_TAIL = 1 << 16
"""Read from the end in one go; in most repositories this holds the footer, the state and the table."""


class Block:
    """The tracked files of one folder (not of the folders below): their names in byte order and their rows."""

    __slots__ = ("__dict__", "raw_names", "rows")

    def __init__(self, raw_names: bytes, rows: bytes) -> None:
        self.raw_names = raw_names
        self.rows = rows

    @classmethod
    def of(cls, files: Iterable[tuple[bytes, bytes]]) -> Block:
        """From sorted (name, row) pairs."""
        pairs = list(files)
        return cls(b"\0".join(name for name, _ in pairs), b"".join(row for _, row in pairs))

    @cached_property
    def names(self) -> list[bytes]:
        """The file names, in byte order."""
        return self.raw_names.split(b"\0") if self.raw_names else []

    @cached_property
    def decoded_names(self) -> list[str]:
        """The same as Python's file functions give them, in the same order."""
        text = os.fsdecode(self.raw_names)
        return text.split("\0") if text else []

    def __len__(self) -> int:
        return len(self.rows) // ROW_SIZE

    def row(self, name: bytes) -> bytes | None:
        """The row of a file, or None if it is not tracked here."""
        at = bisect_left(self.names, name)
        if at < len(self.names) and self.names[at] == name:
            return self.rows[at * ROW_SIZE : (at + 1) * ROW_SIZE]
        return None

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """(name, row) in byte order."""
        rows = self.rows
        for at, name in enumerate(self.names):
            yield name, rows[at * ROW_SIZE : (at + 1) * ROW_SIZE]

    def changed(self, updates: dict[bytes, bytes | None]) -> Block:
        """This block with rows set, added (a row) and removed (None)."""
        if 8 * len(updates) < len(self):
            return self._changed_a_little(updates)
        merged: dict[bytes, bytes | None] = dict(self.items())
        merged.update(updates)
        return Block.of((name, row) for name, row in sorted(merged.items()) if row is not None)

    def _changed_a_little(self, updates: dict[bytes, bytes | None]) -> Block:
        names, rows = self.names.copy(), bytearray(self.rows)
        for name, row in updates.items():
            at = bisect_left(names, name)
            present = at < len(names) and names[at] == name
            rows[at * ROW_SIZE : (at + present) * ROW_SIZE] = row or b""
            if present and row is None:
                del names[at]
            elif row is not None and not present:
                names.insert(at, name)
        return Block(b"\0".join(names), bytes(rows))

    def encode(self) -> bytes:
        return _BLOCK_HEAD.pack(len(self), len(self.raw_names)) + self.raw_names + self.rows

    @classmethod
    def decode(cls, data: bytes) -> Block:
        """Raises DamagedObjectError for bytes that are no block."""
        if len(data) < _BLOCK_HEAD.size:
            raise _damaged("a block is too short")
        count, names_length = _BLOCK_HEAD.unpack_from(data)
        rows_at = _BLOCK_HEAD.size + names_length
        if len(data) != rows_at + count * ROW_SIZE:
            raise _damaged("a block has the wrong length")
        block = cls(data[_BLOCK_HEAD.size : rows_at], data[rows_at:])
        names = block.raw_names.count(b"\0") + 1 if block.raw_names else 0
        if names != count or b"/" in block.raw_names:
            raise _damaged("a block names other files than it has rows for")
        return block


class Place(NamedTuple):
    """Where a block lies in the file."""

    offset: int
    length: int
    checksum: int
    files: int


class Table:
    """Folders in byte order, and where their blocks are."""

    def __init__(self, folders: list[bytes], places: list[Place]) -> None:
        self.folders = folders
        self.places = places

    def encode(self) -> bytes:
        paths = b"\0".join(self.folders)
        columns = b"".join(
            _packed(code, [place[field] for place in self.places]) for field, code in enumerate("QQIQ")
        )
        return _TABLE_HEAD.pack(len(self.folders), len(paths)) + paths + columns

    @classmethod
    def decode(cls, data: bytes, blocks_end: int) -> Table:
        """Raises DamagedObjectError; `blocks_end` is where the last block may end."""
        if len(data) < _TABLE_HEAD.size:
            raise _damaged("its table is too short")
        count, paths_length = _TABLE_HEAD.unpack_from(data)
        at = _TABLE_HEAD.size + paths_length
        if len(data) != at + count * 28 or (paths_length and not count):
            raise _damaged("its table has the wrong length")
        folders = data[_TABLE_HEAD.size : at].split(b"\0") if count else []
        columns = []
        for code, width in (("Q", 8), ("Q", 8), ("I", 4), ("Q", 8)):
            columns.append(_unpacked(code, data[at : at + count * width]))
            at += count * width
        places = [Place(*fields) for fields in zip(*columns, strict=True)]
        _check_table(folders, places, count, blocks_end)
        return cls(folders, places)


def _check_table(folders: list[bytes], places: list[Place], count: int, blocks_end: int) -> None:
    if len(folders) != count or sorted(set(folders)) != folders:
        raise _damaged("its folders are not sorted")
    if any(folder and path_problem(folder) for folder in folders):
        raise _damaged("it names an impossible folder")
    if any(place.offset + place.length > blocks_end for place in places):
        raise _damaged("a block lies outside the file")


class IndexFile:
    """An index file open for reading; a snapshot, since index files are replaced and never changed."""

    def __init__(self, fd: int, table: Table, state: State) -> None:
        """A file whose table and state are known, as they are after writing it."""
        self.fd = fd
        self.identity = os.fstat(fd)
        self.table = table
        self.state = state

    @classmethod
    def read(cls, fd: int) -> Self:
        """Read and check the whole file. Raises DamagedObjectError or UnsupportedFormatError."""
        table, state = _read_tail(fd)
        for place in table.places:
            cls._check(place, os.pread(fd, place.length, place.offset))
        return cls(fd, table, state)

    def read_block(self, place: Place) -> Block:
        """Raises DamagedObjectError when the bytes are not those that were written."""
        data = self.read_raw(place.offset, place.length)
        self._check(place, data)
        return Block.decode(data)

    @staticmethod
    def _check(place: Place, data: bytes) -> None:
        if zlib.crc32(data) != place.checksum:
            raise _damaged("the checksum of a block does not match")

    def read_raw(self, offset: int, length: int) -> bytes:
        return os.pread(self.fd, length, offset)


def _read_tail(fd: int) -> tuple[Table, State]:
    size = os.fstat(fd).st_size
    if size < _FOOTER.size + len(MAGIC):
        raise _damaged("it is too short")
    tail_at = max(0, size - _TAIL)
    tail = os.pread(fd, size - tail_at, tail_at)
    table_at, table_length, state_length, checksum, magic = _FOOTER.unpack(tail[-_FOOTER.size :])
    if magic not in (MAGIC, _WITHOUT_NOTES):
        raise _bad_magic(magic)
    if table_at + table_length + state_length + _FOOTER.size != size:
        raise _damaged("its length is wrong")
    body = tail[table_at - tail_at : -_FOOTER.size]
    if table_at < tail_at:
        body = os.pread(fd, table_length + state_length, table_at)
    if blake3(body).digest() != checksum:
        raise _damaged("its checksum does not match")
    return Table.decode(body[:table_length], table_at), decode_state(
        body[table_length:], noted=magic == MAGIC
    )


class IndexWriter:
    """Writes an index file from the front: blocks, then `finish`."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._at = len(MAGIC)
        self._folders: list[bytes] = []
        self._places: list[Place] = []
        self._pending: list[bytes] = [MAGIC]
        self._pending_size = 0

    def add(self, folder: bytes, block: Block) -> None:
        """Add the block of the next folder in byte order."""
        data = block.encode()
        self.add_raw(folder, data, zlib.crc32(data), len(block))

    def add_raw(self, folder: bytes, data: bytes, checksum: int, files: int) -> None:
        """Add a block that is already encoded."""
        self._folders.append(folder)
        self._places.append(Place(self._at, len(data), checksum, files))
        self._write(data)
        self._at += len(data)

    def finish(self, state: State) -> Table:
        """Write table, state and footer; return the table."""
        table = Table(self._folders, self._places)
        table_bytes, state_bytes = table.encode(), encode_state(state)
        checksum = blake3(table_bytes + state_bytes).digest()
        footer = _FOOTER.pack(self._at, len(table_bytes), len(state_bytes), checksum, MAGIC)
        self._write(table_bytes + state_bytes + footer)
        self._drain()
        return table

    def _write(self, data: bytes) -> None:
        self._pending.append(data)
        self._pending_size += len(data)
        if self._pending_size >= 1 << 22:
            self._drain()

    def _drain(self) -> None:
        view = memoryview(b"".join(self._pending))
        self._pending, self._pending_size = [], 0
        while view:
            view = view[os.write(self._fd, view) :]


def _packed(code: str, numbers: list[int]) -> bytes:
    column = array(code, numbers)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def _unpacked(code: str, data: bytes) -> array[int]:
    column = array(code)
    column.frombytes(data)
    if sys.byteorder == "big":
        column.byteswap()
    return column


def _bad_magic(magic: bytes) -> DamagedObjectError | UnsupportedFormatError:
    if magic[:-1] == MAGIC[:-1]:
        return UnsupportedFormatError("the workspace index was written by another version of aidb")
    return _damaged("it does not end as an index does")


def _damaged(why: str) -> DamagedObjectError:
    return DamagedObjectError(f"the workspace index is damaged: {why}")
