"""Small files read, hashed and compressed by helper processes, while this one stores what they bring.

With a hundred thousand small files, Python's share of the work is the larger one, and its threads wait for each other:
two processes take little more than half the time. Orders and answers go through pipes; an order and everything that
waits with it fits into a pipe's buffer, so that neither side can block the other for ever.
"""

from __future__ import annotations

import contextlib
import marshal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate, chain, pairwise
from struct import iter_unpack
from typing import TYPE_CHECKING, cast

from aidb.processes import HelperProcess, spare_cores
from aidb.store.ingest import reader_script
from aidb.store.ingest.source import FileStat, Source, new_stat
from aidb.store.sampling import CodecChooser
from aidb.types import ID_SIZE, ObjectId

if TYPE_CHECKING:
    from aidb.store.ingest.reader_script import Reading

JOB_FILES = 48
_AHEAD = 7
"""Jobs that a helper may have to do at most."""
_JOB_PATH_BYTES = 4 << 10
"""The paths of a job. Together with a last one of `MAX_PATH` bytes, what waits is smaller than any pipe's buffer."""
_MOST = 3
_BATCH_FILES = 250
_BATCH_BYTES = 2 << 20
_LATE = 0.0005
"""Seconds to wait for an answer that tell that the helpers are behind."""
_PIPE_SIZE = 1 << 20


class Brought:
    """What helpers brought of some sources, in columns; `places` are the positions of the files that were read."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.places: list[int] = []
        self.ids: list[ObjectId] = []
        self.stats: list[FileStat] = []
        self.raw: list[int] = []
        self.codecs = bytearray()
        self.stored: list[memoryview] = []
        self.size = 0

    def add(self, sources: list[Source], reading: Reading, stored: bytes) -> None:
        """Take the answer to one job. Raises ValueError if it is incomplete; then nothing was taken."""
        places, ids, stats, raw, codecs, lengths = reading
        ends = list(accumulate(lengths, initial=0))
        if len(stored) != ends[-1] or not len(places) == len(raw) == len(codecs) == len(lengths):
            raise ValueError("an answer is incomplete")
        first = len(self.sources)
        self.sources += sources
        self.places += [first + place for place in places]
        self.ids += cast("list[ObjectId]", chain.from_iterable(iter_unpack(f"{ID_SIZE}s", ids)))
        self.stats += map(new_stat, iter_unpack(f"={len(FileStat._fields)}q", stats))
        self.raw += raw
        self.codecs += codecs
        view = memoryview(stored)
        self.stored += [view[start:end] for start, end in pairwise(ends)]
        self.size += len(stored)

    def skip(self, sources: list[Source]) -> None:
        """Take sources of which nothing was brought."""
        self.sources += sources

    @property
    def is_full(self) -> bool:
        return len(self.sources) >= _BATCH_FILES or self.size >= _BATCH_BYTES


class ReaderPool:
    """A few helpers. Always `close` it."""

    def __init__(self, *, compress: bool) -> None:
        """Starts a helper for each core to spare. With none, or when they cannot be started, it is empty."""
        self._chooser = CodecChooser(compress=compress)
        self._readers: list[_Reader] = []
        with contextlib.suppress(OSError):
            for _ in range(min(spare_cores(), _MOST)):
                self._readers.append(_Reader(compress=compress))

    def read(self, sources: Iterator[Source]) -> Iterator[Brought]:
        """Have `sources` read, in their order. Ends early, with sources left, when no helper is left."""
        waiting: deque[Callable[[Brought], bool]] = deque()
        batch = Brought()
        while True:
            for reader in self._readers:
                while reader.has_room and (job := _take(sources)):
                    waiting.append(reader.order(job))
            if not waiting:
                break
            if waiting.popleft()(batch) and (job := _take(sources)):
                waiting.append(self._read_here(job))
            if batch.is_full:
                yield batch
                batch = Brought()
        yield batch

    def _read_here(self, job: list[Source]) -> Callable[[Brought], bool]:
        """A job that this process does, because the helpers are behind."""
        reading, stored = reader_script.read_job([source.path for source in job], self._chooser)

        def finish(batch: Brought) -> bool:
            batch.add(job, reading, b"".join(stored))
            return False

        return finish

    def close(self) -> None:
        """End the helpers."""
        for reader in self._readers:
            reader.process.stop()


class _Reader:
    """One helper, and how much it has to do."""

    def __init__(self, *, compress: bool) -> None:
        self.process = HelperProcess(reader_script.__file__)
        self._orders = 0
        with contextlib.suppress(ImportError, OSError):
            from fcntl import F_SETPIPE_SZ, fcntl

            fcntl(self.process.answers, F_SETPIPE_SZ, _PIPE_SIZE)
        self._send(sys.path)
        self._send(compress)

    @property
    def has_room(self) -> bool:
        return self.process.running and self._orders < _AHEAD

    def order(self, job: list[Source]) -> Callable[[Brought], bool]:
        """Ask for a job. What is returned waits for it, adds it to a batch, and tells whether it was late."""
        self._orders += 1
        self._send([source.path for source in job])
        return partial(self._finish, job)

    def _finish(self, job: list[Source], batch: Brought) -> bool:
        self._orders -= 1
        began = time.perf_counter()
        try:
            reading: Reading = marshal.load(self.process.answers)
            late = time.perf_counter() - began > _LATE
            batch.add(job, reading, self.process.answers.read(sum(reading[-1])))
        except (EOFError, ValueError, TypeError):
            self.process.stop()
            batch.skip(job)
            return False
        return late

    def _send(self, value: bool | list[str] | list[bytes]) -> None:
        """Tell the helper, or stop it if it does not listen; then its answer fails."""
        if self.process.running:
            try:
                self.process.questions.write(marshal.dumps(value))
                self.process.questions.flush()
            except OSError:
                self.process.stop()


def _take(sources: Iterator[Source]) -> list[Source]:
    job: list[Source] = []
    room = _JOB_PATH_BYTES
    for source in sources:
        job.append(source)
        room -= len(source.path)
        if len(job) == JOB_FILES or room <= 0:
            break
    return job
