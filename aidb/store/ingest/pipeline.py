"""Overlapping reading with storing: the caller's thread reads, workers hash, compress and write.

Work is handed over in batches and windows of a few MiB, and comes back in the order it was handed over. The number in
flight is bounded; when it is reached, the reader waits for the oldest.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO, Protocol

from aidb.errors import InvalidInputError
from aidb.store.ingest.large import LargeFile
from aidb.store.ingest.source import Ingested, Source
from aidb.store.ingest.stream import WINDOW, Reader, StreamState, Window
from aidb.store.ingest.whole import WholeFiles, store_whole
from aidb.types import Blob

if TYPE_CHECKING:
    from aidb.store.writer import StoreWriter

_WORKERS = max(1, min(4, os.cpu_count() or 1))
_JOBS = 4
_BUFFERS = 5


class _Job(Protocol):
    """Something handed over; `finish` waits for it and gives its results."""

    def finish(self) -> list[Ingested]: ...


class _Batch:
    """Whole files on their way into the store."""

    def __init__(self, future: Future[list[Ingested]]) -> None:
        self._future = future

    def finish(self) -> list[Ingested]:
        return self._future.result()


class _WindowJob:
    """A window on its way; after the last one, `complete` turns the blob into the file's result."""

    def __init__(
        self,
        pipeline: Pipeline,
        state: StreamState,
        window: Window,
        complete: Callable[[Blob], Ingested],
    ) -> None:
        self._pipeline = pipeline
        self._state = state
        self._window = window
        self._complete = complete
        self._stored = pipeline.workers.submit(state.store, window)
        self._hashed = pipeline.hasher.submit(state.update_hash, window)

    def finish(self) -> list[Ingested]:
        self._state.add(self._stored.result())
        self._hashed.result()
        self._pipeline.give_back(self._window.buffer)
        return [self._complete(self._state.finish())] if self._window.last else []


class Pipeline:
    """One ingest. Not safe for threads; always `close` it."""

    def __init__(self, writer: StoreWriter) -> None:
        self._writer = writer
        self.workers = ThreadPoolExecutor(_WORKERS, "aidb-store")
        self.hasher = ThreadPoolExecutor(1, "aidb-hash")
        self._jobs: deque[_Job] = deque()
        self._results: list[Ingested] = []
        self._spare: list[bytearray] = []
        self._buffers = 0
        writer.pipelines.add(self)

    def run(self, files: Iterable[Source]) -> Iterator[Ingested]:
        """Read and store files; the results in order."""
        sources = iter(files)
        while True:
            batch = WholeFiles()
            large = batch.fill(sources)
            if large is None and not batch.keys:
                break
            if batch.keys:
                self._store(batch)
            if large is not None:
                self._read_large(large)
            yield from self._collect()
        yield from self.finish()

    def finish(self) -> list[Ingested]:
        """Wait for everything that is left."""
        self._writer.check_usable()
        while self._jobs:
            self._finish_oldest()
        return self._collect()

    def stream(self, read: Reader, hint: bytes, complete: Callable[[Blob], Ingested]) -> None:
        """Read a stream to its end and hand over its windows."""
        state = StreamState(self._writer, hint)
        for window in state.windows(read, self._borrow):
            self._hand_over(_WindowJob(self, state, window, complete))

    def give_back(self, buffer: bytearray) -> None:
        """A window's buffer is not used any more."""
        self._spare.append(buffer)

    def close(self) -> None:
        """Wait for what is in flight and drop the results. Harmless when closed already."""
        self.workers.shutdown(cancel_futures=True)
        self.hasher.shutdown(cancel_futures=True)
        self._jobs.clear()
        self._writer.pipelines.discard(self)

    def _store(self, batch: WholeFiles) -> None:
        if self._jobs or batch.is_full:
            self._hand_over(_Batch(self.workers.submit(store_whole, self._writer, batch)))
        else:
            # Nothing to overlap with: an ingest of a few small files needs no thread.
            self._results += store_whole(self._writer, batch)

    def _read_large(self, file: LargeFile) -> None:
        try:
            self.stream(file.read, file.hint, file.result)
        finally:
            file.close()

    def _borrow(self) -> bytearray:
        """A buffer for a window, waiting for the oldest job while all are in use."""
        while not self._spare and self._buffers == _BUFFERS:
            self._finish_oldest()
        if self._spare:
            return self._spare.pop()
        self._buffers += 1
        return bytearray(WINDOW)

    def _collect(self) -> list[Ingested]:
        results, self._results = self._results, []
        return results

    def _hand_over(self, job: _Job) -> None:
        self._writer.check_usable()
        self._jobs.append(job)
        while len(self._jobs) > _JOBS:
            self._finish_oldest()

    def _finish_oldest(self) -> None:
        self._results += self._jobs.popleft().finish()


def ingest_files(writer: StoreWriter, files: Iterable[Source]) -> Iterator[Ingested]:
    """See StoreWriter.ingest."""
    pipeline = Pipeline(writer)
    try:
        yield from pipeline.run(files)
    finally:
        pipeline.close()


def ingest_stream(writer: StoreWriter, source: BinaryIO, hint: bytes) -> Blob:
    """Store a stream to its end. Raises StorageError if it cannot be read."""
    pipeline = Pipeline(writer)
    try:
        pipeline.stream(_reader_of(source), hint, lambda blob: Ingested(None, blob, None))
        (result,) = pipeline.finish()
    finally:
        pipeline.close()
    assert result.blob is not None
    return result.blob


def _reader_of(source: BinaryIO) -> Reader:
    """`readinto` where the stream has it, so that nothing is copied twice."""
    if hasattr(source, "readinto"):
        return lambda view: source.readinto(view) or 0

    def read(view: memoryview) -> int:
        data = source.read(len(view))
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise InvalidInputError(
                f"reading a binary stream gave {type(data).__name__}",
                hints=('Open files with mode "rb", not as text.',),
            )
        view[: len(data)] = data
        return len(data)

    return read
