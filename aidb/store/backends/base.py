"""The interface between the store and the place its bytes lie in.

A backend maps *keys* (`packs/<name>.data`) to immutable objects, plus a compare-and-swap for the few small values that
change. Nine primitives are enough; the rest has defaults that a fast implementation overrides.

What every implementation promises: `put` never replaces an object and never shows half of one; after `sync` returned,
everything put before it survives a power cut; a ranged read past the end returns what is there. What none promises:
that a listing shows an object put by somebody else a moment ago.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from aidb.errors import InvalidNameError, NotFoundError

_KEY = re.compile(r"[a-z0-9_][A-Za-z0-9_.\-]*(/[a-z0-9_][A-Za-z0-9_.\-]*)*")


class Stored(NamedTuple):
    """One object in a listing: its key, its size in bytes, when it was written (seconds since 1970)."""

    key: str
    size: int
    modified: float


class Backend(ABC):
    """A flat map from keys to immutable bytes."""

    @abstractmethod
    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of an object, fewer than `length` where it ends. Raises NotFoundError."""

    @abstractmethod
    def put(self, key: str, source: bytes | Path) -> bool:
        """Store an object unless the key is taken; whether it was stored. A file given as Path is consumed."""

    @abstractmethod
    def sync(self) -> None:
        """Return when everything put by this object survives a power cut."""

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[Stored]:
        """The objects whose keys begin with `prefix`, in no particular order."""

    @abstractmethod
    def size(self, key: str) -> int | None:
        """Size in bytes, None if there is no such object."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove an object. Harmless when there is none."""

    @abstractmethod
    def compare_and_swap(self, key: str, expected: bytes | None, new: bytes | None) -> bool:
        """Replace the value if it is `expected` (None: absent; as new: remove). Whether it was replaced."""

    @abstractmethod
    def move(self, key: str, to: str) -> bool:
        """Give an object another key, unless that is taken; the old one is free afterwards. False: there was none.

        The object keeps its time of writing, so that a `touch` before the move shows after it.
        """

    @abstractmethod
    def touch(self, key: str) -> bool:
        """Note that an object is still wanted: it counts as written now. False if there is none."""

    def read_range(self, key: str, start: int, length: int) -> bytes:
        """Like `get`, for objects that never change: an implementation may keep them open."""
        return self.get(key, start, length)

    def announce(self, key: str, start: int, length: int) -> None:  # noqa: B027 — most cannot make use of it
        """These bytes will be read soon: an implementation may begin to fetch them. Raises nothing."""

    def map(self, key: str) -> memoryview:
        """A whole object that never changes, possibly memory-mapped. Raises NotFoundError."""
        return memoryview(self.get(key))

    def keys(self, prefix: str) -> Sequence[str]:
        """The keys alone, for those who need no sizes."""
        return [stored.key for stored in self.list(prefix)]

    def close(self) -> None:  # noqa: B027 — most have nothing to close
        """Let go of open files and connections. The backend can still be used."""


@lru_cache(4096)
def check_key(key: str) -> str:
    """Refuse a key that could mean something else on some backend: absolute, hidden, `..`, odd characters."""
    if not _KEY.fullmatch(key) or len(key) > 512:
        raise InvalidNameError(f"{key!r} cannot be the key of a stored object")
    return key


def check_range(start: int, length: int | None) -> None:
    """Refuse a negative range."""
    if start < 0 or (length is not None and length < 0):
        raise InvalidNameError(f"a range cannot begin at {start} or be {length} bytes long")


def no_such_object(key: str) -> NotFoundError:
    """The error every backend raises for a key it does not have."""
    return NotFoundError(f"there is no stored object {key}")
