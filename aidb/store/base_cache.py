"""A few chunks that others are stored as differences to, kept because their neighbours may need them again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from aidb.types import ObjectId

if TYPE_CHECKING:
    Bytes = bytes | bytearray | memoryview

_MOST_BYTES = 16 << 20


class BaseCache:
    """The verified chunks that were used last. Safe for threads.

    A chunk is kept with the depth that the copy it was read from lies above of, and serves only what lies as deep:
    else a chunk could be read, and pass for sound, just because another one with the same base was read before it.
    """

    def __init__(self) -> None:
        self._chunks: OrderedDict[ObjectId, tuple[Bytes, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, id_: ObjectId, depth: int) -> Bytes | None:
        """The chunk, if it is still there and was read from a copy that lies less deep than this."""
        with self._lock:
            data, above = self._chunks.get(id_, (None, 0))
            if data is None or above > depth:
                return None
            self._chunks.move_to_end(id_)
            return data

    def put(self, id_: ObjectId, data: Bytes, depth: int) -> Bytes:
        """Keep a chunk, read from a copy less deep than this, until others take its place; returned as it is kept."""
        own = _own(data)
        with self._lock:
            old, above = self._chunks.pop(id_, (b"", depth))
            self._bytes += len(own) - len(old)
            self._chunks[id_] = own, min(depth, above)
            while self._bytes > _MOST_BYTES:
                _, (dropped, _) = self._chunks.popitem(last=False)
                self._bytes -= len(dropped)
        return own


def _own(data: Bytes) -> Bytes:
    """The same bytes, without a larger buffer that would have to stay for their sake."""
    is_part = isinstance(data, memoryview) and data.nbytes < memoryview(data.obj).nbytes
    return bytes(data) if is_part else data
