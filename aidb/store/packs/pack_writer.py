"""Writing one pack: append records to a scratch file, then seal it with its index and footer.

Until it is sealed and put under its name the file is nobody's: a crash leaves it in the scratch folder, which the next
session removes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aidb.files import start_writing, storage_errors
from aidb.store.file_writes import write_at, write_pieces
from aidb.store.hashing import hash_bytes
from aidb.store.indexes.columns import encode_index
from aidb.store.packs.layout import (
    RECORD,
    TARGET_RECORDS,
    TARGET_SIZE,
    VERSION,
    Footer,
    PackId,
    PackKind,
    pack_footer,
    pack_header,
    version_for,
)
from aidb.types import ObjectId

if TYPE_CHECKING:
    Bytes = bytes | bytearray | memoryview

_SMALL = 1 << 20
"""Bytes of a pack beyond which Linux has begun to write it by itself; what is written would be dropped from memory."""


class Encoded(NamedTuple):
    """A chunk as it goes into a pack."""

    id: ObjectId
    raw_length: int
    codec: int
    stored: Bytes


class PackWriter:
    """One pack under construction. Not safe for threads."""

    def __init__(self, scratch: Path, kind: PackKind) -> None:
        self.kind = kind
        self.path = scratch / f"pack-{os.urandom(8).hex()}"
        self.ids: list[ObjectId] = []
        self._offsets: list[int] = []
        self._stored: list[int] = []
        self._raw: list[int] = []
        self._codecs: list[int] = []
        with storage_errors("writing a pack"):
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        self.size = 0
        self._write([pack_header(kind)])

    @property
    def is_full(self) -> bool:
        return self.size >= TARGET_SIZE or len(self.ids) >= TARGET_RECORDS

    def append(self, chunks: Sequence[Encoded]) -> None:
        """Append records. The bytes have left the caller's buffers when this returns."""
        if chunks:
            ids, raw, codecs, stored = zip(*chunks, strict=True)
            self.append_columns(ids, raw, codecs, stored)

    def append_columns(
        self, ids: Sequence[ObjectId], raw: Sequence[int], codecs: Sequence[int], stored: Sequence[Bytes]
    ) -> None:
        """Append records given in columns: what is done for each of 100,000 small files is done inside C."""
        lengths = list(map(len, stored))
        pieces: list[Bytes] = [b""] * (2 * len(ids))
        pieces[::2] = map(RECORD.pack, ids, lengths, raw, codecs)
        pieces[1::2] = stored
        self.ids += ids
        self._offsets += accumulate(map(RECORD.size.__add__, lengths[:-1]), initial=self.size)
        self._stored += lengths
        self._raw += raw
        self._codecs += codecs
        self._write(pieces)

    def seal(self) -> tuple[PackId, bytes]:
        """Write index and footer; the pack's name and its index section. The file is complete, not yet fsynced."""
        section = encode_index(self.ids, self._offsets, self._stored, self._raw, self._codecs)
        name = hash_bytes(section)
        version = version_for(self._codecs)
        footer = Footer(self.kind, len(self.ids), self.size, len(section), name, version)
        self._write([section, pack_footer(footer)])
        if version != VERSION:
            with storage_errors("writing a pack"):
                write_at(self._fd, pack_header(self.kind, version), 0)
        if self.size <= _SMALL:
            start_writing(self._fd)
        self._close()
        return PackId(name, self.kind), section

    def discard(self) -> None:
        """Remove the file. Harmless after sealing and publishing."""
        self._close()
        with contextlib.suppress(OSError):
            os.unlink(self.path)

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, pieces: Sequence[Bytes]) -> None:
        with storage_errors("writing a pack"):
            self.size += write_pieces(self._fd, pieces)
