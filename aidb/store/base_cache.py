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
    """The verified chunks that were used last. Safe for threads."""

    def __init__(self) -> None:
        self._chunks: OrderedDict[ObjectId, Bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, id_: ObjectId) -> Bytes | None:
        """The chunk, if it is still there."""
        with self._lock:
            data = self._chunks.get(id_)
            if data is not None:
                self._chunks.move_to_end(id_)
            return data

    def put(self, id_: ObjectId, data: Bytes) -> Bytes:
        """Keep a chunk until others take its place, and give it back as it is kept."""
        own = _own(data)
        with self._lock:
            self._bytes += len(own) - len(self._chunks.pop(id_, b""))
            self._chunks[id_] = own
            while self._bytes > _MOST_BYTES:
                _, dropped = self._chunks.popitem(last=False)
                self._bytes -= len(dropped)
        return own


def _own(data: Bytes) -> Bytes:
    """The same bytes, without a larger buffer that would have to stay for their sake."""
    is_part = isinstance(data, memoryview) and data.nbytes < memoryview(data.obj).nbytes
    return bytes(data) if is_part else data
