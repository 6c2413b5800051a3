"""Overlapping reading with storing: the caller's thread reads, workers hash, compress and write.

Work is handed over in batches and windows of a few MiB, and comes back in the order it was handed over. The number in
flight is bounded; when it is reached, the reader waits for the oldest.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, Protocol

from aidb.errors import InvalidInputError
from aidb.store.ingest.large import LargeFile
from aidb.store.ingest.reader_pool import ReaderPool
from aidb.store.ingest.source import Ingested, Source
from aidb.store.ingest.stream import WINDOW, Reader, StreamState, Window
from aidb.store.ingest.whole import WholeFiles, ingested, store_whole
from aidb.store.packs.layout import PackKind
from aidb.types import Blob

if TYPE_CHECKING:
    from aidb.store.writer import StoreWriter

_WORKERS = max(1, min(4, os.cpu_count() or 1))
_JOBS = 4
_BUFFERS = 5
HELP_AFTER = 2000
"""Files that are read before helper processes are started: fewer are read faster than those are up."""


class _Counted:
    """The first `most` of some sources."""

    def __init__(self, sources: Iterator[Source], most: int) -> None:
        self._sources = sources
        self._left = most

    @property
    def is_full(self) -> bool:
        return not self._left

    def __iter__(self) -> Iterator[Source]:
        return self

    def __next__(self) -> Source:
        if not self._left:
            raise StopIteration
        source = next(self._sources)
        self._left -= 1
        return source


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
        self._pool: ReaderPool | None = None
        writer.pipelines.add(self)

    def run(self, files: Iterable[Source]) -> Iterator[list[Ingested]]:
        """Read and store files; the results in order, in batches that may be empty."""
        sources = iter(files)
        few = _Counted(sources, HELP_AFTER)
        yield from self._run_here(few)
        if few.is_full:
            yield from self._run_helped(sources)
            yield from self._run_here(sources)

    def _run_here(self, sources: Iterator[Source]) -> Iterator[list[Ingested]]:
        """Read in this process."""
        while True:
            batch = WholeFiles()
            large = batch.fill(sources)
            if large is None and not batch.keys:
                break
            if batch.keys:
                self._store(batch)
            if large is not None:
                yield from self._read_large(large)
            yield self._collect()
        yield self.finish()

    def _run_helped(self, sources: Iterator[Source]) -> Iterator[list[Ingested]]:
        """Have small files read by helper processes, as long as there are any; the others are read here."""
        self._pool = ReaderPool(compress=self._writer.compresses)
        for batch in self._pool.read(sources):
            self._writer.store_encoded(PackKind.DATA, batch.ids, batch.raw, batch.codecs, batch.stored)
            keys = [batch.sources[at].key for at in batch.places]
            results = ingested(keys, batch.ids, batch.raw, batch.stats)
            if len(results) == len(batch.sources):
                yield results
            else:
                yield from self._with_rest(batch.sources, dict(zip(batch.places, results, strict=True)))

    def _with_rest(self, sources: Sequence[Source], known: dict[int, Ingested]) -> Iterator[list[Ingested]]:
        """The results for sources of which some are known, in order; the others are read here."""
        unknown = iter([source for at, source in enumerate(sources) if at not in known])
        rest = chain.from_iterable(self._run_here(unknown))
        ready: list[Ingested] = []
        for at in range(len(sources)):
            if at in known:
                ready.append(known[at])
            else:
                yield ready
                ready = [next(rest)]
        yield ready

    def finish(self) -> list[Ingested]:
        """Wait for everything that is left."""
        self._writer.check_usable()
        while self._jobs:
            self._finish_oldest()
        return self._collect()

    def stream(
        self, read: Reader, hint: bytes, base: Blob | None, complete: Callable[[Blob], Ingested]
    ) -> None:
        """Read a stream to its end and hand over its windows. Its `base` must not be in flight any more."""
        state = StreamState(self._writer, hint, self._writer.find_bases(base))
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
        if self._pool is not None:
            self._pool.close()
        self._writer.pipelines.discard(self)

    def _store(self, batch: WholeFiles) -> None:
        if self._jobs or batch.is_full:
            self._hand_over(_Batch(self.workers.submit(store_whole, self._writer, batch)))
        else:
            # Nothing to overlap with: an ingest of a few small files needs no thread.
            self._results += store_whole(self._writer, batch)

    def _read_large(self, file: LargeFile) -> Iterator[list[Ingested]]:
        """Hand over a file; if it may have a base, the results of everything before come first."""
        try:
            base = None
            if file.base is not None:
                yield self.finish()
                base = file.base()
            self.stream(file.read, file.hint, base, file.result)
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


def ingest_batches(writer: StoreWriter, files: Iterable[Source]) -> Iterator[list[Ingested]]:
    """See StoreWriter.ingest_batches."""
    with closing(Pipeline(writer)) as pipeline:
        yield from filter(None, pipeline.run(files))


def ingest_files(writer: StoreWriter, files: Iterable[Source]) -> Iterator[Ingested]:
    """See StoreWriter.ingest."""
    for results in ingest_batches(writer, files):
        yield from results


def ingest_stream(writer: StoreWriter, source: BinaryIO, hint: bytes, base: Blob | None) -> Blob:
    """Store a stream to its end. Raises StorageError if it cannot be read."""
    pipeline = Pipeline(writer)
    try:
        pipeline.stream(_reader_of(source), hint, base, lambda blob: Ingested(None, blob, None))
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
