"""A bounded number of files kept open for reading, shared by threads.

A descriptor is closed when nobody refers to its `OpenFile` any more. So a file that falls out of the cache while a
thread reads it stays open until that thread is done: closing it under a reader would let the number be reused, and the
reader would get another file's bytes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable


class OpenFile:
    """One descriptor. Keep the object for as long as `fd` is used."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        """`close` is bound here, for `os` may be gone when the last files are let go at the end of a program."""
        close(self.fd)


class OpenFiles:
    """The `limit` files opened last, by path."""

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._files: dict[str, OpenFile] = {}
        self._lock = threading.Lock()

    def get(self, path: str) -> OpenFile:
        """The file `path`. No lock where it is open already: every read comes here. Raises OSError."""
        return self._files.get(path) or self._open(path)

    def forget(self, path: str) -> None:
        """Do not serve `path` from an old descriptor any more."""
        with self._lock:
            self._files.pop(path, None)

    def close(self) -> None:
        """Close all that nobody is reading from; the others follow as their readers finish."""
        with self._lock:
            self._files.clear()

    def _open(self, path: str) -> OpenFile:
        with self._lock:
            file = self._files.get(path)
            if file is None:
                file = self._files[path] = OpenFile(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
                if len(self._files) > self._limit:
                    del self._files[next(iter(self._files))]
            return file
