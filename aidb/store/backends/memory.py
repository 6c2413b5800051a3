"""A backend that forgets: for tests, and for trying something without a disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

from aidb.files import storage_errors
from aidb.store.backends.base import Backend, Stored, check_key, check_range, no_such_object


class MemoryBackend(Backend):
    """Objects in a dict. Safe for threads."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[bytes, float]] = {}
        self._lock = threading.Lock()

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        check_range(start, length)
        data = self._find(key)
        return data[start:] if length is None else data[start : start + length]

    def put(self, key: str, source: bytes | Path) -> bool:
        check_key(key)
        data = _consume(source) if isinstance(source, Path) else bytes(source)
        with self._lock:
            if key in self._objects:
                return False
            self._objects[key] = (data, time.time())
        return True

    def sync(self) -> None:
        pass

    def list(self, prefix: str = "") -> Iterator[Stored]:
        with self._lock:
            found = [
                (key, data, when) for key, (data, when) in self._objects.items() if key.startswith(prefix)
            ]
        return (Stored(key, len(data), when) for key, data, when in found)

    def size(self, key: str) -> int | None:
        with self._lock:
            found = self._objects.get(check_key(key))
        return None if found is None else len(found[0])

    def delete(self, key: str) -> None:
        with self._lock:
            self._objects.pop(check_key(key), None)

    def compare_and_swap(self, key: str, expected: bytes | None, new: bytes | None) -> bool:
        check_key(key)
        with self._lock:
            found = self._objects.get(key)
            if (None if found is None else found[0]) != expected:
                return False
            if new is None:
                self._objects.pop(key, None)
            else:
                self._objects[key] = (bytes(new), time.time())
        return True

    def move(self, key: str, to: str) -> bool:
        check_key(to)
        with self._lock:
            found = self._objects.pop(check_key(key), None)
            if found is not None:
                self._objects.setdefault(to, found)
        return found is not None

    def touch(self, key: str) -> bool:
        with self._lock:
            found = self._objects.get(check_key(key))
            if found is not None:
                self._objects[key] = (found[0], time.time())
        return found is not None

    def _find(self, key: str) -> bytes:
        with self._lock:
            found = self._objects.get(check_key(key))
        if found is None:
            raise no_such_object(key)
        return found[0]


def _consume(path: Path) -> bytes:
    with storage_errors("reading a finished file"):
        data = path.read_bytes()
        path.unlink()
    return data
