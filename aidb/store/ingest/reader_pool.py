"""Small files read, hashed and compressed by helper processes, while this one stores what they bring.

With a hundred thousand small files, Python's share of the work is the larger one, and its threads wait for each other:
two processes take little more than half the time. Orders and answers go through pipes; an order and everything that
waits with it fits into a pipe's buffer, so that neither side can block the other for ever.
"""

from __future__ import annotations

import contextlib
import marshal
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, pairwise
from struct import iter_unpack
from typing import TYPE_CHECKING, cast

from aidb.processes import HelperProcess, spare_cores
from aidb.store.ingest import reader_script
from aidb.store.ingest.source import FileStat, Source
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
        self.stats += map(FileStat._make, iter_unpack(f"={len(FileStat._fields)}q", stats))
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
        self._helpers: list[HelperProcess] = []
        with contextlib.suppress(OSError):
            for _ in range(min(spare_cores(), _MOST)):
                self._helpers.append(_start(compress))

    def read(self, sources: Iterator[Source]) -> Iterator[Brought]:
        """Have `sources` read, in their order. Ends early, with sources left, when no helper is left."""
        waiting: deque[tuple[HelperProcess, list[Source]]] = deque()
        batch = Brought()
        for helper in _in_turn(self._helpers):
            if job := _take(sources):
                _send(helper, [source.path for source in job])
                waiting.append((helper, job))
            if waiting and (not job or len(waiting) == _AHEAD * len(self._helpers)):
                _answer(*waiting.popleft(), batch)
            if batch.is_full:
                yield batch
                batch = Brought()
            if not waiting:
                break
        for helper, job in waiting:
            _answer(helper, job, batch)
        yield batch

    def close(self) -> None:
        """End the helpers."""
        for helper in self._helpers:
            helper.stop()


def _in_turn(helpers: Sequence[HelperProcess]) -> Iterator[HelperProcess]:
    """Each helper that is still there, again and again."""
    while any(helper.running for helper in helpers):
        yield from (helper for helper in helpers if helper.running)


def _start(compress: bool) -> HelperProcess:
    helper = HelperProcess(reader_script.__file__)
    with contextlib.suppress(ImportError, OSError):
        from fcntl import F_SETPIPE_SZ, fcntl

        fcntl(helper.answers, F_SETPIPE_SZ, _PIPE_SIZE)
    _send(helper, sys.path)
    _send(helper, compress)
    return helper


def _take(sources: Iterator[Source]) -> list[Source]:
    job: list[Source] = []
    room = _JOB_PATH_BYTES
    for source in sources:
        job.append(source)
        room -= len(source.path)
        if len(job) == JOB_FILES or room <= 0:
            break
    return job


def _send(helper: HelperProcess, value: bool | list[str] | list[bytes]) -> None:
    """Ask a helper, or stop it if it does not listen; then its answer fails."""
    if helper.running:
        try:
            helper.questions.write(marshal.dumps(value))
            helper.questions.flush()
        except OSError:
            helper.stop()


def _answer(helper: HelperProcess, sources: list[Source], batch: Brought) -> None:
    """Wait for the answer to a job and add it to a batch."""
    try:
        reading: Reading = marshal.load(helper.answers)
        batch.add(sources, reading, helper.answers.read(sum(reading[-1])))
    except (EOFError, ValueError, TypeError):
        helper.stop()
        batch.skip(sources)
