"""Reading ranges one after the other, and telling the backend what comes next where that helps.

The kernel counts what a thread has had fetched from a disk. While that grows, the next ranges are announced, so that a
disk has many to fetch at a time. What is in memory already costs no announcements.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from aidb.errors import NotFoundError, StorageError
from aidb.store.backends.base import Backend

_AHEAD = 32
"""Ranges between two looks at what was fetched; as many more are announced before they are read."""
_WHO = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)


class Range(NamedTuple):
    """Some bytes of an object."""

    key: str
    start: int
    length: int


class Readahead:
    """Remembers whether the last reads had to fetch. Threads may share one."""

    def __init__(self, backend: Backend, fetched: Callable[[], int] | None = None) -> None:
        """`fetched` gives a number that grows when a disk is read; by default the kernel's for this thread."""
        self._backend = backend
        self._fetched = fetched or _fetched
        self._fetching = False

    def read(self, ranges: Sequence[Range]) -> Iterator[bytes]:
        """The bytes of each range; none of one that cannot be read."""
        announced = 0
        for start in range(0, len(ranges), _AHEAD):
            before = self._fetched()
            if self._fetching:
                for following in ranges[max(start, announced) : start + 2 * _AHEAD]:
                    self._backend.announce(*following)
                announced = start + 2 * _AHEAD
            yield from map(self._bytes, ranges[start : start + _AHEAD])
            self._fetching = self._fetched() > before

    def _bytes(self, wanted: Range) -> bytes:
        try:
            return self._backend.read_range(*wanted)
        except (NotFoundError, StorageError):
            return b""


def _fetched() -> int:
    """Blocks that this thread has had fetched."""
    return resource.getrusage(_WHO).ru_inblock
