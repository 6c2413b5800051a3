"""A large file of the disk as a stream that remembers how reading it went."""

from __future__ import annotations

import os
from collections.abc import Callable

from aidb.errors import AidbError
from aidb.store.ingest.source import Ingested, Source, check_regular, file_stat, is_same, reading_failed
from aidb.store.sampling import suffix_hint
from aidb.types import Blob

LARGEST = 4 << 20
"""Files above this many bytes are streamed; others are read at once."""


class LargeFile:
    """Reads no further than the size the file had when it was opened, so that a growing log has an end.

    A failure to read ends the stream and becomes the result: it must not be mistaken for a failure to store.
    """

    def __init__(self, source: Source, fd: int) -> None:
        """Takes over `fd`."""
        self._source = source
        self._fd = fd
        self._failure: AidbError | None = None
        self._before = os.fstat(fd)
        self._after: os.stat_result | None = None
        self._left = self._before.st_size

    def read(self, view: memoryview) -> int:
        """Fill a buffer; 0 at the end, or when reading failed."""
        try:
            check_regular(self._source.path, self._before)
            count = os.readv(self._fd, [view[: self._left]]) if self._left else 0
            if not count:
                self._after = os.fstat(self._fd)
        except (AidbError, OSError) as error:
            self._failure = reading_failed(self._source.path, error)
            return 0
        self._left -= count
        return count

    @property
    def base(self) -> Callable[[], Blob | None] | None:
        """Tells what it grew out of, where there may be something."""
        return self._source.base

    @property
    def hint(self) -> bytes:
        """For the choice of compression."""
        return suffix_hint(self._source.path)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def result(self, blob: Blob) -> Ingested:
        """The outcome, once everything that was read is stored."""
        key, after = self._source.key, self._after
        if self._failure is not None or after is None:
            return Ingested(key, None, None, error=self._failure)
        expected = self._source.expected or self._before
        changed = (
            blob.size != after.st_size or not is_same(self._before, after) or not is_same(expected, after)
        )
        return Ingested(key, blob, file_stat(after), changed)
