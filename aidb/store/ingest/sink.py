"""A stream to write to that becomes a blob when it is closed: `ingest_stream`, the other way round.

Up to a MiB is kept and stored at once. More is handed, buffer by buffer, to a thread that reads it as a stream: memory
does not grow with what is written, and a write waits while the store is behind.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, cast

from aidb.errors import InvalidInputError
from aidb.types import Blob

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

    from aidb.store.writer import StoreWriter

_SMALL = 1 << 20


class BlobSink(io.BufferedIOBase):
    """Write-only, one thread at a time. Leaving a `with` block by an exception discards what was written."""

    def __init__(
        self, writer: StoreWriter, name_hint: str, base: Blob | None, done: Callable[[Blob | None], None]
    ) -> None:
        """`done` is told the blob once when the sink is closed, None when it is discarded or storing failed."""
        super().__init__()
        self._writer = writer
        self._hint = name_hint
        self._base = base
        self._done = done
        self._kept = bytearray()
        self._size = 0
        self._reader: _Reader | None = None

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: ReadableBuffer) -> int:
        """Take all of `data`. Raises what storing failed with."""
        self._check_open()
        view = memoryview(data).cast("B")
        if len(self._kept) + len(view) <= _SMALL:
            self._kept += view
        else:
            self._pass_on(view)
        self._size += len(view)
        return len(view)

    def close(self) -> None:
        """Store what is left and tell the blob. Harmless when closed already."""
        if not self.closed:
            blob = None
            try:
                blob = self._finish()
            finally:
                self._end(blob)

    def discard(self) -> None:
        """Forget what was written. Harmless when closed already."""
        if not self.closed:
            try:
                if self._reader is not None:
                    self._reader.abandon()
            finally:
                self._end(None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        """What nobody closed is half a file."""
        self.discard()

    def _pass_on(self, view: memoryview) -> None:
        if self._reader is None:
            self._reader = _Reader(self._writer, self._hint, self._base)
        kept, self._kept = self._kept, bytearray()
        self._reader.give(memoryview(kept))
        if len(view) < _SMALL:
            self._kept += view
        else:
            self._reader.give(view)

    def _finish(self) -> Blob:
        if self._reader is None:
            return self._writer.put_blob(bytes(self._kept), name_hint=self._hint, base=self._base)
        self._reader.give(memoryview(self._kept))
        return self._reader.finish()

    def _end(self, blob: Blob | None) -> None:
        super().close()
        self._kept = bytearray()
        self._done(blob)

    def _check_open(self) -> None:
        if self.closed:
            raise InvalidInputError("the file is closed")


class _Abandoned(Exception):  # noqa: N818 - it is a signal between two threads
    """Nobody will write the rest."""


class _Reader(io.RawIOBase):
    """The other end: a thread that stores what it is given. A buffer is given back when all of it was taken."""

    def __init__(self, writer: StoreWriter, hint: str, base: Blob | None) -> None:
        super().__init__()
        self._piece = memoryview(b"")
        self._ended = self._abandoned = False
        self._turn = Condition()
        self._pool = ThreadPoolExecutor(1, "aidb-sink")
        self._blob: Future[Blob] = self._pool.submit(
            writer.put_blob, cast(BinaryIO, self), name_hint=hint, base=base
        )
        self._blob.add_done_callback(self._wake)

    def give(self, data: memoryview) -> None:
        """Hand over bytes and wait until they are taken. Raises what storing failed with."""
        with self._turn:
            self._piece = data
            self._turn.notify_all()
            self._turn.wait_for(lambda: not self._piece or self._blob.done())
            self._piece = memoryview(b"")
        if self._blob.done():
            self._blob.result()

    def finish(self) -> Blob:
        """There is no more."""
        with self._turn:
            self._ended = True
            self._turn.notify_all()
        try:
            return self._blob.result()
        finally:
            self._pool.shutdown()

    def abandon(self) -> None:
        """Stop the thread; what it made of the bytes so far does not matter."""
        with self._turn:
            self._abandoned = True
            self._turn.notify_all()
        self._pool.shutdown()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        target = memoryview(buffer).cast("B")
        with self._turn:
            self._turn.wait_for(lambda: self._piece or self._ended or self._abandoned)
            if self._abandoned:
                raise _Abandoned
            taken = self._piece[: len(target)]
            target[: len(taken)] = taken
            self._piece = self._piece[len(taken) :]
            self._turn.notify_all()
            return len(taken)

    def _wake(self, _: Future[Blob]) -> None:
        with self._turn:
            self._turn.notify_all()
