"""Writing a blob to a file: verified before it is written, large ones by two threads.

Chunks are written at their place as they come out of the packs, so the file is complete only when `copy_blob`
returned. A caller that must never leave half a file writes to a temporary name first.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from aidb.files import storage_errors
from aidb.store.blob_reader import read_only_chunk, wrong_length
from aidb.store.chunk_reader import ChunkReader
from aidb.store.file_writes import write_at
from aidb.store.overlap import ordered_map
from aidb.store.recipes import RecipeTree
from aidb.types import Blob, ObjectId

if TYPE_CHECKING:
    Bytes = bytes | bytearray | memoryview

_LARGE = 8 << 20
_BATCH_BYTES = 8 << 20


class _Batch(NamedTuple):
    """Chunks that follow each other in the blob, and the offset of each."""

    ids: list[ObjectId]
    starts: list[int]
    sizes: list[int]


def copy_blob(chunks: ChunkReader, blob: Blob, fd: int) -> None:
    """Write the content of `blob` to the file `fd` from offset 0; the file is cut to its size."""
    if blob.recipe is None:
        _copy_one(chunks, blob, fd)
        return
    tree = RecipeTree(chunks.read, blob)

    def copy(batch: _Batch) -> None:
        _copy_batch(chunks, blob, batch, fd)

    apply = map if blob.size < _LARGE else ordered_map
    for _ in apply(copy, _batches(tree)):
        pass
    with storage_errors("writing a file"):
        os.ftruncate(fd, blob.size)


def _copy_one(chunks: ChunkReader, blob: Blob, fd: int) -> None:
    data = read_only_chunk(chunks, blob)
    with storage_errors("writing a file"):
        write_at(fd, data, 0)
        os.ftruncate(fd, blob.size)


def _batches(tree: RecipeTree) -> Iterator[_Batch]:
    for start, recipe in tree.leaves():
        batch, size = _Batch([], [], []), 0
        for id_, length in zip(recipe.ids, recipe.sizes, strict=True):
            batch.ids.append(id_)
            batch.starts.append(start)
            batch.sizes.append(length)
            start += length
            size += length
            if size >= _BATCH_BYTES:
                yield batch
                batch, size = _Batch([], [], []), 0
        if batch.ids:
            yield batch


def _copy_batch(chunks: ChunkReader, blob: Blob, batch: _Batch, fd: int) -> None:
    for position, data in chunks.read_many(batch.ids):
        if len(data) != batch.sizes[position]:
            raise wrong_length(batch.ids[position], blob)
        with storage_errors("writing a file"):
            write_at(fd, data, batch.starts[position])
