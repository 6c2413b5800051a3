"""Writing to the store: chunks and blobs in, ids out; durable and visible to others after `flush`.

Any number of writers, in threads, processes and on other hosts, may write at once: each fills packs of its own in its
scratch folder and publishes them under names that their content decides. What two store at the same moment may be
stored twice; nothing is ever overwritten.
"""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeVar

from aidb.errors import AidbError, RefusedError
from aidb.store.backends.base import Backend
from aidb.store.chunking.cutter import MIN_CHUNK
from aidb.store.deltas import depth_of, read_base
from aidb.store.encoder import Encoder
from aidb.store.hashing import hash_bytes
from aidb.store.indexes.lookup import contains
from aidb.store.indexes.view import IndexView
from aidb.store.ingest.source import Ingested, Source
from aidb.store.lane import Lane
from aidb.store.packs.layout import PackId, PackKind, check_chunk_size
from aidb.store.publisher import Publisher
from aidb.store.reliance import Reliance
from aidb.store.sampling import NODE_HINT, RECIPE_HINT, CodecChooser, suffix_hint
from aidb.types import Blob, ObjectId

if TYPE_CHECKING:
    from aidb.store.chunk_reader import ChunkReader
    from aidb.store.deltas import Base
    from aidb.store.ingest.bases import BaseFinder
    from aidb.store.ingest.pipeline import Pipeline
    from aidb.store.ingest.sink import BlobSink

    Bytes = bytes | bytearray | memoryview

Value = TypeVar("Value")


_BUFFER_BYTES = 1 << 20
_BUFFER_CHUNKS = 512
_PORTION = 1 << 20
_WORTH_A_FLUSH = 4 << 20
"""Bytes of a file below which a flush in order to read it again makes packs that are too small."""


class _Waiting(NamedTuple):
    """A small chunk that waits for company."""

    kind: PackKind
    hint: bytes
    id: ObjectId
    data: bytes


class StoreWriter:
    """Safe for threads. As a context manager: flushes on success; on an exception, what is not sealed vanishes."""

    def __init__(
        self,
        backend: Backend,
        view: IndexView,
        scratch: Callable[[], Path],
        *,
        chunks: ChunkReader | None = None,
        compress: bool = True,
    ) -> None:
        """`chunks` reads what chunks may be stored as differences to; without it, each is stored by itself."""
        self._view = view
        self._publisher = Publisher(backend, view, scratch)
        self._lanes = {kind: Lane(kind, scratch) for kind in PackKind}
        self._chunks = chunks
        self._encoder = Encoder(CodecChooser(compress=compress), chunks)
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._waiting_lock = threading.RLock()
        self._flushing = threading.Lock()
        self._reliance = Reliance(backend, view)
        self._relying = threading.Lock()
        self._relied_on: set[PackId] = set()
        """Packs of others that hold what this writer did not store again; wanted until they are flushed."""
        self._failure: BaseException | None = None
        self.pipelines: set[Pipeline] = set()
        self._closed = False

    def put_chunk(self, data: bytes, *, kind: PackKind = PackKind.DATA) -> ObjectId:
        """Store some bytes (at most 16 MiB) as one chunk."""
        return self.put_hinted(data, kind, NODE_HINT if kind is PackKind.META else b"")

    def put_recipe(self, data: bytes) -> ObjectId:
        """Store a recipe node."""
        return self.put_hinted(data, PackKind.META, RECIPE_HINT)

    def put_blob(self, source: bytes | BinaryIO, *, name_hint: str = "", base: Blob | None = None) -> Blob:
        """Store the content of one file, given as bytes or as a stream read to its end.

        `name_hint` is the file's name, if it has one: its suffix helps to choose the compression. `base` is what it
        grew out of, if that is known: an earlier checkpoint, to whose tensors its own may be stored as differences.
        """
        from aidb.store.ingest.pipeline import ingest_stream

        hint = suffix_hint(name_hint.encode("utf-8", "surrogateescape"))
        if not isinstance(source, bytes):
            return ingest_stream(self, source, hint, base)
        if len(source) > MIN_CHUNK:
            return ingest_stream(self, io.BytesIO(source), hint, base)
        return Blob(self.put_hinted(source, PackKind.DATA, hint), len(source), None)

    def open_blob(
        self, done: Callable[[Blob | None], None], *, name_hint: str = "", base: Blob | None = None
    ) -> BlobSink:
        """A stream to write the content of one file to; `done` is told its blob when it is closed.

        `name_hint` and `base` as for `put_blob`.
        """
        from aidb.store.ingest.sink import BlobSink

        self.check_usable()
        return BlobSink(self, name_hint, base, done)

    def ingest(self, files: Iterable[Source]) -> Iterator[Ingested]:
        """Store many files of the disk; results come in the order of `files`, a few MiB behind.

        A file that cannot be read gives a result with `error`; the others go on. Whatever was yielded is kept by the
        next `flush`.
        """
        from aidb.store.ingest.pipeline import ingest_files

        self.check_usable()
        return ingest_files(self, files)

    def ingest_batches(self, files: Iterable[Source]) -> Iterator[list[Ingested]]:
        """`ingest` with the results in batches, for a caller whose own work on 100,000 files would be felt."""
        from aidb.store.ingest.pipeline import ingest_batches

        self.check_usable()
        return ingest_batches(self, files)

    def flush(self) -> None:
        """Everything put so far is on disk, fsynced, and visible to every reader when this returns."""
        self.check_usable()
        # One at a time: who finds nothing left to publish must not return before the other has published it.
        with self._flushing:
            try:
                self._flush()
            except BaseException as error:
                self._fail(error)
                raise

    @property
    def compresses(self) -> bool:
        """Whether chunks may be compressed at all."""
        return self._encoder.compresses

    @property
    def stored_bytes(self) -> int:
        """Bytes that this writer added to packs so far: new content, after compression."""
        return sum(lane.stored_bytes for lane in self._lanes.values())

    def close(self) -> None:
        """Flush and end. Harmless when closed already."""
        if not self._closed:
            try:
                self._stop_pipelines()
                self.flush()
            finally:
                self._end()

    def discard(self) -> None:
        """End without publishing what is not sealed yet. Harmless when closed already."""
        if not self._closed:
            self._end()

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    @property
    def takes_bases(self) -> bool:
        """Whether knowing what a file grew out of is of any use."""
        return self._chunks is not None

    def find_bases(self, blob: Blob | None) -> BaseFinder | None:
        """The chunks of an earlier file for a new one to be stored as differences to; None if there are none.

        If that file is large and was put by this writer just before, it is flushed: what is in no pack yet cannot
        be read.
        """
        if self._chunks is None or blob is None or blob.recipe is None:
            return None
        if blob.size >= _WORTH_A_FLUSH and not contains(self._view.segments, [blob.recipe])[0]:
            self.flush()
        from aidb.store.ingest.bases import BaseFinder

        return BaseFinder(self._chunks, blob)

    def put_hinted(self, data: bytes, kind: PackKind, hint: bytes) -> ObjectId:
        """Store one chunk, compressed as chunks of this hint are; small ones are written together."""
        self.check_usable()
        check_chunk_size(len(data))
        id_ = hash_bytes(data)
        with self._waiting_lock:
            self._waiting.append(_Waiting(kind, hint, id_, bytes(data)))
            self._waiting_bytes += len(data)
            if self._waiting_bytes >= _BUFFER_BYTES or len(self._waiting) >= _BUFFER_CHUNKS:
                self._drain()
        return id_

    def store_chunks(
        self,
        kind: PackKind,
        ids: Sequence[ObjectId],
        data: Sequence[Bytes],
        hints: Sequence[bytes],
        bases: Sequence[Base | None] = (),
    ) -> None:
        """Store chunks whose ids are known, unless they are there. `data` may be reused when this returns.

        `bases`, if any, has for each chunk what it may be stored as the difference to.
        """
        with self._claim(kind, ids) as fresh:
            for hint, places in _portions(_runs(fresh, hints), data):
                known = _pick(bases, places) if bases else ()
                self._encode(kind, _pick(ids, places), _pick(data, places), hint, known)

    def _encode(
        self,
        kind: PackKind,
        ids: Sequence[ObjectId],
        data: Sequence[Bytes],
        hint: bytes,
        bases: Sequence[Base | None],
    ) -> None:
        """Store one portion. Nothing of it is left when this returns, so the next one finds its memory free."""
        codecs, stored = self._encoder.encode_all(data, hint, bases)
        self._append(kind, ids, list(map(len, data)), codecs, stored)

    def store_encoded(
        self,
        kind: PackKind,
        ids: Sequence[ObjectId],
        raw: Sequence[int],
        codecs: Sequence[int],
        stored: Sequence[Bytes],
    ) -> None:
        """Store chunks that are encoded already, unless they are there: columns of ids, lengths, codecs and bytes."""
        with self._claim(kind, ids) as fresh:
            if fresh:
                self._append(
                    kind, _pick(ids, fresh), _pick(raw, fresh), _pick(codecs, fresh), _pick(stored, fresh)
                )

    @contextlib.contextmanager
    def _claim(self, kind: PackKind, ids: Sequence[ObjectId]) -> Iterator[Sequence[int]]:
        """Positions of the ids that must be stored inside the block; if that fails, nothing more can be promised."""
        self.check_usable()
        try:
            known = self._reliance.known(ids)
            self._rely_on(known.packs)
            with self._lanes[kind].claim(ids, known.flags) as fresh:
                yield fresh
        except BaseException as error:
            self._fail(error)
            raise

    def _rely_on(self, packs: Set[PackId]) -> None:
        if packs:
            with self._relying:
                self._relied_on |= packs

    def _keep_relied_on(self) -> None:
        """Before anybody is told that all is stored: what was not stored again must still be there, and stay."""
        with self._relying:
            packs, self._relied_on = self._relied_on, set()
        self._publisher.keep(packs)

    def _append(
        self,
        kind: PackKind,
        ids: Sequence[ObjectId],
        raw: Sequence[int],
        codecs: Sequence[int],
        stored: Sequence[Bytes],
    ) -> None:
        for codec, data in zip(codecs, stored, strict=True):
            if depth_of(codec):
                self._rely_on(self._reliance.packs_of(read_base(data).id, depth_of(codec)))
        lane = self._lanes[kind]
        full = lane.append(ids, raw, codecs, stored)
        if full is not None:
            self._publisher.publish_later(full, lambda pack, _: lane.forget(pack.ids))

    def _drain(self) -> None:
        """Store what waits. The lock is held throughout: a flush must not overtake it."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        waiting.sort(key=lambda chunk: (chunk.kind, chunk.hint))
        for kind, group in groupby(waiting, lambda chunk: chunk.kind):
            chunks = list(group)
            self.store_chunks(
                kind,
                [chunk.id for chunk in chunks],
                [chunk.data for chunk in chunks],
                [chunk.hint for chunk in chunks],
            )

    def _flush(self) -> None:
        with self._waiting_lock:
            self._drain()
        self._publish_open_packs()
        self._publisher.wait()
        self._keep_relied_on()
        self._publisher.sync()

    def _publish_open_packs(self) -> None:
        """Data before metadata: whoever finds a recipe finds its chunks."""
        metadata, data = (self._lanes[kind].take() for kind in (PackKind.META, PackKind.DATA))
        packs = [pack for pack in (data, metadata) if pack is not None]
        self._publisher.publish(*packs)
        for pack in packs:
            self._lanes[pack.kind].forget(pack.ids)

    def _fail(self, error: BaseException) -> None:
        """A chunk that others take for stored may not be: nothing more can be promised."""
        self._failure = self._failure or error

    def check_usable(self) -> None:
        """Raises RefusedError when the writer is closed, and again what an earlier write failed with."""
        if self._closed:
            raise RefusedError("the store writer is closed", hints=("Ask the store for a new writer.",))
        if isinstance(self._failure, AidbError):
            raise self._failure
        if self._failure is not None:
            raise RefusedError(
                f"an earlier write ended with {type(self._failure).__name__}",
                hints=("Discard this writer and write again with a new one: what was flushed is kept.",),
            )

    def _stop_pipelines(self) -> None:
        """An ingest that was not iterated to its end must not go on writing."""
        for pipeline in list(self.pipelines):
            pipeline.close()

    def _end(self) -> None:
        self._stop_pipelines()
        self._closed = True
        self._publisher.close()
        for lane in self._lanes.values():
            lane.discard()


def _runs(places: Sequence[int], hints: Sequence[bytes]) -> Iterator[tuple[bytes, Sequence[int]]]:
    """Places whose hints are alike, in runs; mostly there is just one."""
    if places and hints.count(hints[0]) == len(hints):
        yield hints[0], places
        return
    for hint, run in groupby(places, hints.__getitem__):
        yield hint, list(run)


def _portions(
    runs: Iterable[tuple[bytes, Sequence[int]]], data: Sequence[Bytes]
) -> Iterator[tuple[bytes, Sequence[int]]]:
    """Runs that are at most a chunk or a MiB long: once a portion is written, its memory serves the next one."""
    for hint, places in runs:
        first, size = 0, 0
        for number, place in enumerate(places):
            if number > first and size + len(data[place]) > _PORTION:
                yield hint, places[first:number]
                first, size = number, 0
            size += len(data[place])
        yield hint, places[first:]


def _pick(values: Sequence[Value], places: Sequence[int]) -> Sequence[Value]:
    return values if len(places) == len(values) else [values[place] for place in places]
