"""Reading many blobs at once, in the order they lie on disk: neighbours share a read, whatever the order asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aidb.store.blob_reader import BlobReader, wrong_length, wrong_size
from aidb.store.chunk_reader import ChunkReader
from aidb.store.recipes import RecipeTree
from aidb.types import Blob, ObjectId

_TOGETHER = 32 << 20
"""Bytes of blobs of many chunks that are put together side by side; a larger one is read alone."""


def read_blobs(chunks: ChunkReader, blobs: Sequence[Blob]) -> Iterator[tuple[int, bytes]]:
    """Position in `blobs` and content of each. Holds some MiB besides the content just given.

    Raises MissingObjectError, DamagedObjectError, StorageError; what came before is good.
    """
    yield from _single_chunks(chunks, blobs, [at for at, blob in enumerate(blobs) if blob.recipe is None])
    batch: list[int] = []
    size = 0
    for position, blob in enumerate(blobs):
        if blob.recipe is None:
            continue
        if batch and size + blob.size > _TOGETHER:
            yield from _of_recipes(chunks, blobs, batch)
            batch, size = [], 0
        batch.append(position)
        size += blob.size
    yield from _of_recipes(chunks, blobs, batch)


def _single_chunks(
    chunks: ChunkReader, blobs: Sequence[Blob], batch: list[int]
) -> Iterator[tuple[int, bytes]]:
    ids = [blobs[position].id for position in batch]
    for number, data in chunks.read_many(ids, overlap=True):
        position = batch[number]
        if len(data) != blobs[position].size:
            raise wrong_size(blobs[position], len(data))
        yield position, bytes(data)


def _of_recipes(chunks: ChunkReader, blobs: Sequence[Blob], batch: list[int]) -> Iterator[tuple[int, bytes]]:
    """Chunks of several blobs, in one question; each blob is given when its last chunk has come."""
    if len(batch) == 1:
        with BlobReader(chunks, blobs[batch[0]]) as reader:
            yield batch[0], reader.readall()
        return
    ids: list[ObjectId] = []
    places: list[tuple[int, int, int]] = []
    for position in batch:
        start = 0
        for leaf in RecipeTree(chunks.read, blobs[position]).leaves():
            for id_, length in zip(leaf.recipe.ids, leaf.recipe.sizes, strict=True):
                ids.append(id_)
                places.append((position, start, length))
                start += length
    contents = {position: bytearray(blobs[position].size) for position in batch}
    left = {position: blobs[position].size for position in batch}
    for number, data in chunks.read_many(ids, overlap=True):
        position, start, length = places[number]
        if len(data) != length:
            raise wrong_length(ids[number], blobs[position])
        contents[position][start : start + length] = data
        left[position] -= length
        if not left[position]:
            yield position, bytes(contents.pop(position))
