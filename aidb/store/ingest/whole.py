"""Files small enough to be read at once: gathered in batches, hashed where they are read, stored by a worker."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aidb.errors import AidbError
from aidb.store.chunking.cutter import MIN_CHUNK, Chunker, Cutter
from aidb.store.chunking.safetensors import tensor_fences
from aidb.store.hashing import hash_bytes
from aidb.store.ingest.source import Ingested, check_regular, is_same
from aidb.store.packs.layout import PackKind
from aidb.store.recipes import RecipeBuilder
from aidb.store.sampling import suffix_hint
from aidb.types import Blob, ObjectId

if TYPE_CHECKING:
    from aidb.store.writer import StoreWriter

LARGEST = 4 << 20
"""Files above this are streamed."""
_BATCH_BYTES = 2 << 20
_BATCH_FILES = 500
"""Two pieces per record must fit one `writev` of 1,024."""


class WholeFiles:
    """A batch of files that have been read, in columns."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.hints: list[bytes] = []
        self.stats: list[os.stat_result | None] = []
        self.changed: list[bool] = []
        self.data: list[bytes] = []
        self.ids: list[ObjectId] = []
        self.errors: dict[int, AidbError] = {}
        self.bytes = 0
        self.any_large = False

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def is_full(self) -> bool:
        return self.bytes >= _BATCH_BYTES or len(self.keys) >= _BATCH_FILES

    def add(self, key: Any, path: bytes, data: bytes, info: os.stat_result, changed: bool) -> None:
        """Take up a file and hash it."""
        size = len(data)
        self.keys.append(key)
        self.hints.append(suffix_hint(path))
        self.stats.append(info)
        self.changed.append(changed)
        self.data.append(data)
        self.ids.append(hash_bytes(data))
        self.bytes += size
        if size > MIN_CHUNK:
            self.any_large = True

    def add_error(self, key: Any, error: AidbError) -> None:
        """Keep the place of a file that could not be read."""
        self.errors[len(self.keys)] = error
        self.keys.append(key)
        self.hints.append(b"")
        self.stats.append(None)
        self.changed.append(False)
        self.data.append(b"")
        self.ids.append(hash_bytes(b""))


def read_whole(path: bytes, fd: int, expected: os.stat_result | None) -> tuple[bytes, os.stat_result, bool]:
    """Content, stat after reading, and whether it changed meanwhile. The file is at most about `LARGEST` long."""
    if expected is not None:
        data = os.read(fd, expected.st_size + 1)
        after = os.fstat(fd)
        if is_same(expected, after) and len(data) == after.st_size:
            return data, after, False
        check_regular(path, after)
        os.lseek(fd, 0, os.SEEK_SET)
    before = os.fstat(fd)
    check_regular(path, before)
    data = os.read(fd, min(before.st_size, LARGEST) + 1)
    after = os.fstat(fd)
    return data, after, len(data) != after.st_size or not is_same(before, after)


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
        fences = tensor_fences(view)
        ends = Cutter(fences).cut(view, 0, last=True)
        if len(ends) == 1:
            self.add_whole(id_, data, hint)
            return
        first = len(self.ids)
        for start, end in zip([0, *ends], ends, strict=False):
            piece = view[start:end]
            self.ids.append(hash_bytes(piece))
            self.data.append(piece)
            self.hints.append(hint)
        chunker = Chunker.SAFETENSORS if fences else Chunker.FASTCDC
        self.parts[place] = chunker, slice(first, len(self.ids))

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
    if files.any_large or files.errors:
        return _store_mixed(writer, files)
    writer.store_chunks(PackKind.DATA, files.ids, files.data, files.hints)
    return [
        Ingested(key, Blob(id_, len(data), None), info, changed)
        for key, id_, data, info, changed in zip(
            files.keys, files.ids, files.data, files.stats, files.changed, strict=True
        )
    ]


def _store_mixed(writer: StoreWriter, files: WholeFiles) -> list[Ingested]:
    chunks = _Chunks()
    for place, (id_, data, hint) in enumerate(zip(files.ids, files.data, files.hints, strict=True)):
        if len(data) > MIN_CHUNK:
            chunks.add_cut(place, id_, data, hint)
        elif place not in files.errors:
            chunks.add_whole(id_, data, hint)
    writer.store_chunks(PackKind.DATA, chunks.ids, chunks.data, chunks.hints)
    return [_result(writer, files, chunks, place) for place in range(len(files))]


def _result(writer: StoreWriter, files: WholeFiles, chunks: _Chunks, place: int) -> Ingested:
    key, id_ = files.keys[place], files.ids[place]
    if place in files.errors:
        return Ingested(key, None, None, error=files.errors[place])
    blob = Blob(id_, len(files.data[place]), chunks.recipe_of(place, id_, writer))
    return Ingested(key, blob, files.stats[place], files.changed[place])
