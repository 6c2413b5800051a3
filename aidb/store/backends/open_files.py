"""A bounded number of files kept open for reading, shared by threads.

A file that falls out of the cache while a thread reads it is closed by that thread when it is done: closing it under a
reader would let the number be reused, and the reader would get another file's bytes.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path


class _OpenFile:
    """Entered, it gives its descriptor, which stays open until it is left. As fast as it can be: every read does it."""

    __slots__ = ("_lock", "evicted", "fd", "users")

    def __init__(self, fd: int, lock: threading.Lock) -> None:
        self.fd = fd
        self.users = 0
        self.evicted = False
        self._lock = lock

    def __enter__(self) -> int:
        return self.fd

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self.users -= 1
            if self.evicted and not self.users:
                os.close(self.fd)


class OpenFiles:
    """The `limit` files used last, by path."""

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._files: OrderedDict[Path | str, _OpenFile] = OrderedDict()
        self._lock = threading.Lock()

    def use(self, path: Path | str) -> _OpenFile:
        """For a `with` block: the file descriptor of `path`, open for as long as the block runs. Raises OSError."""
        with self._lock:
            file = self._files.get(path)
            if file is None:
                file = _OpenFile(os.open(path, os.O_RDONLY | os.O_CLOEXEC), self._lock)
                self._files[path] = file
                self._shrink()
            else:
                self._files.move_to_end(path)
            file.users += 1
            return file

    def forget(self, path: Path | str) -> None:
        """Do not serve `path` from an old descriptor any more."""
        with self._lock:
            file = self._files.pop(path, None)
            if file is not None:
                _evict(file)

    def close(self) -> None:
        """Close all that nobody is reading from; the others follow as their readers finish."""
        with self._lock:
            for file in self._files.values():
                _evict(file)
            self._files.clear()

    def __del__(self) -> None:
        """Descriptors are numbers: nobody else would close them."""
        for file in self._files.values():
            _evict(file)

    def _shrink(self) -> None:
        while len(self._files) > self._limit:
            _evict(self._files.popitem(last=False)[1])


def _evict(file: _OpenFile) -> None:
    file.evicted = True
    if not file.users:
        os.close(file.fd)
