"""Files small enough to be read at once: gathered in batches, hashed where they are read, stored by a worker."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any

from aidb.errors import AidbError
from aidb.store.chunking.cutter import MIN_CHUNK, Chunker, Cutter
from aidb.store.chunking.safetensors import tensor_sections
from aidb.store.hashing import hash_bytes
from aidb.store.ingest.large import LARGEST, LargeFile
from aidb.store.ingest.source import (
    OPEN_FLAGS,
    FileStat,
    Ingested,
    Source,
    check_regular,
    file_stat,
    is_same,
    reading_failed,
)
from aidb.store.packs.layout import PackKind
from aidb.store.recipes import RecipeBuilder
from aidb.store.sampling import suffix_hint
from aidb.types import ID_SIZE, Blob, ObjectId

if TYPE_CHECKING:
    from aidb.store.writer import StoreWriter

_BATCH_BYTES = 3 << 20
_BATCH_FILES = 1000

_NO_ID = ObjectId(bytes(ID_SIZE))
_NO_STAT = FileStat(0, 0, 0, 0, 0)


class WholeFiles:
    """A batch of files that have been read, in columns."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self.keys: list[Any] = []
        self.paths: list[bytes] = []
        self.stats: list[FileStat] = []
        self.changed: list[bool] = []
        self.data: list[bytes] = []
        self.ids: list[ObjectId] = []
        self.errors: dict[int, AidbError] = {}
        self.any_large = False
        self.is_full = False

    def fill(self, sources: Iterator[Source]) -> LargeFile | None:
        """Read and hash files until the batch is full, the sources end, or one comes up that is larger than `largest`
        or may have a base: then that one, opened. Nothing here touches the store, so an error can only mean the
        source."""
        left = _BATCH_BYTES
        for source in sources:
            path, key, expected, base = source
            try:
                fd = os.open(path, OPEN_FLAGS)
                before = expected or os.fstat(fd)
                if before.st_size > self._largest or (base is not None and before.st_size > MIN_CHUNK):
                    return LargeFile(source, fd)
                data, info, changed = _read_whole(path, fd, before)
            except (AidbError, OSError, ValueError) as error:
                self._add_error(key, reading_failed(path, error))
                continue
            self.keys.append(key)
            self.paths.append(path)
            self.stats.append(file_stat(info))
            self.changed.append(changed)
            self.data.append(data)
            self.ids.append(hash_bytes(data))
            left -= len(data)
            if len(data) > MIN_CHUNK:
                self.any_large = True
            if left <= 0 or len(self.keys) >= _BATCH_FILES:
                self.is_full = True
                break
        return None

    def drop_unread(self) -> None:
        """Forget the files that could not be read and those that changed meanwhile."""
        if self.errors or any(self.changed):
            whole = [at for at, changed in enumerate(self.changed) if not changed and at not in self.errors]
            columns: list[list[Any]] = []
            columns += self.keys, self.paths, self.stats, self.changed, self.data, self.ids
            for column in columns:
                column[:] = [column[at] for at in whole]
            self.errors = {}

    def _add_error(self, key: Any, error: AidbError) -> None:
        """Keep the place of a file that could not be read."""
        self.errors[len(self.keys)] = error
        self.keys.append(key)
        self.paths.append(b"")
        self.stats.append(_NO_STAT)
        self.changed.append(False)
        self.data.append(b"")
        self.ids.append(_NO_ID)


def _read_whole(path: bytes, fd: int, before: os.stat_result) -> tuple[bytes, os.stat_result, bool]:
    """Content, stat after reading, and whether it changed meanwhile. Closes `fd`."""
    try:
        check_regular(path, before)
        data = os.read(fd, before.st_size + 1)
        after = os.fstat(fd)
        if len(data) == before.st_size and is_same(before, after):
            return data, after, False
        # It is not what the caller saw when it listed the folder, or it is being written: look once more.
        check_regular(path, after)
        os.lseek(fd, 0, os.SEEK_SET)
        data = os.read(fd, min(after.st_size, LARGEST) + 1)
        last = os.fstat(fd)
        return data, last, len(data) != last.st_size or not is_same(after, last)
    finally:
        os.close(fd)


class _Chunks:
    """The chunks of a batch, in columns, and how the larger files are made of them."""

    def __init__(self) -> None:
        self.ids: list[ObjectId] = []
        self.data: list[bytes | memoryview] = []
        self.hints: list[bytes] = []
        self.parts: dict[int, tuple[Chunker, slice]] = {}

    def add_whole(self, id_: ObjectId, data: bytes, hint: bytes) -> None:
        self.ids.append(id_)
        self.data.append(data)
        self.hints.append(hint)

    def add_cut(self, place: int, id_: ObjectId, data: bytes, hint: bytes) -> None:
        """A file that may be several chunks."""
        view = memoryview(data)
        sections = tensor_sections(view)
        cutter = Cutter(sections)
        ends = cutter.cut(view, 0, last=True)
        if len(ends) == 1:
            self.add_whole(id_, data, hint)
            return
        first = len(self.ids)
        for start, end in zip([0, *ends], ends, strict=False):
            piece = view[start:end]
            self.ids.append(hash_bytes(piece))
            self.data.append(piece)
            section = sections.at(start)
            self.hints.append(hint if section is None else section.hint)
        self.parts[place] = cutter.chunker, slice(first, len(self.ids))

    def recipe_of(self, place: int, blob: ObjectId, writer: StoreWriter) -> ObjectId | None:
        """Store the recipe of a file that was cut."""
        if place not in self.parts:
            return None
        chunker, part = self.parts[place]
        recipe = RecipeBuilder(writer.put_recipe, chunker)
        for id_, data in zip(self.ids[part], self.data[part], strict=True):
            recipe.add(id_, len(data))
        return recipe.finish(blob)


def store_whole(writer: StoreWriter, files: WholeFiles) -> list[Ingested]:
    """Store a batch (in a worker thread); the results in order."""
    hints = list(map(suffix_hint, files.paths))
    if files.any_large or files.errors:
        return _store_mixed(writer, files, hints)
    writer.store_chunks(PackKind.DATA, files.ids, files.data, hints)
    return ingested(files.keys, files.ids, map(len, files.data), files.stats, files.changed)


def ingested(
    keys: Iterable[Any],
    ids: Iterable[ObjectId],
    sizes: Iterable[int],
    stats: Iterable[FileStat],
    changed: Iterable[bool] = repeat(False),
) -> list[Ingested]:
    """The results for files of one chunk each, from columns."""
    # A named tuple's own constructor is a Python function; this one is not, and here it counts.
    blobs = map(partial(tuple.__new__, Blob), zip(ids, sizes, repeat(None), strict=False))
    rows = zip(keys, blobs, stats, changed, repeat(None), strict=False)
    return list(map(partial(tuple.__new__, Ingested), rows))


def _store_mixed(writer: StoreWriter, files: WholeFiles, hints: list[bytes]) -> list[Ingested]:
    chunks = _Chunks()
    for place, (id_, data, hint) in enumerate(zip(files.ids, files.data, hints, strict=True)):
        if len(data) > MIN_CHUNK:
            chunks.add_cut(place, id_, data, hint)
        elif place not in files.errors:
            chunks.add_whole(id_, data, hint)
    writer.store_chunks(PackKind.DATA, chunks.ids, chunks.data, chunks.hints)
    return [_result(writer, files, chunks, place) for place in range(len(files.keys))]


def _result(writer: StoreWriter, files: WholeFiles, chunks: _Chunks, place: int) -> Ingested:
    key, id_ = files.keys[place], files.ids[place]
    if place in files.errors:
        return Ingested(key, None, None, error=files.errors[place])
    blob = Blob(id_, len(files.data[place]), chunks.recipe_of(place, id_, writer))
    return Ingested(key, blob, files.stats[place], files.changed[place])
