"""Finding, for the chunks of a new file, those of an earlier version that they may be stored as differences to.

Chunks belong together when they are the same stretch of the same tensor: sections are recognised by the names and kind
of their tensors and by their length, wherever they lie in either file.
"""

from __future__ import annotations

import io

from aidb.errors import IntegrityError, StorageError
from aidb.store.blob_reader import BlobReader
from aidb.store.chunk_reader import ChunkReader
from aidb.store.chunking.safetensors import LARGEST_HEADER, tensor_sections
from aidb.store.chunking.sections import Section, Sections
from aidb.store.deltas import Base
from aidb.store.recipes import Leaf, RecipeTree
from aidb.types import Blob


class BaseFinder:
    """Looks up chunks of one blob. Reads its header at once and its recipe as far as it is asked."""

    def __init__(self, chunks: ChunkReader, blob: Blob) -> None:
        """Raises IntegrityError or StorageError if the blob cannot be read."""
        self._tree = RecipeTree(chunks.read, blob)
        self._leaf: tuple[Leaf, dict[int, int]] | None = None
        sections = _sections_of(chunks, blob)
        self._sections = {_likeness(section): section for section in sections if section.width}

    def find(self, section: Section, offset: int, length: int) -> Base | None:
        """The chunk that holds the same `length` bytes of the same section, `offset` bytes into the new file.

        Raises IntegrityError or StorageError if the recipe cannot be read.
        """
        like = self._sections.get(_likeness(section))
        if like is None:
            return None
        at = like.start + offset - section.start
        leaf, parts = self._leaf_at(at)
        part = parts.get(at - leaf.start)
        if part is None or leaf.recipe.sizes[part] != length:
            return None
        return Base(leaf.recipe.ids[part], section.width)

    def _leaf_at(self, offset: int) -> tuple[Leaf, dict[int, int]]:
        """The leaf of the recipe, and the number of each of its parts by where it begins."""
        if self._leaf is None or not 0 <= offset - self._leaf[0].start < self._leaf[0].recipe.size:
            leaf = self._tree.leaf_at(offset)
            self._leaf = leaf, {start: part for part, start in enumerate(leaf.recipe.starts()[:-1])}
        return self._leaf


def find_bases(chunks: ChunkReader, blob: Blob | None) -> BaseFinder | None:
    """A finder for an earlier version, None if there is none or it has nothing to offer.

    That an old version is damaged must not keep a new one from being stored.
    """
    if blob is None or blob.recipe is None:
        return None
    try:
        return BaseFinder(chunks, blob)
    except (IntegrityError, StorageError):
        return None


def _sections_of(chunks: ChunkReader, blob: Blob) -> Sections:
    with io.BufferedReader(BlobReader(chunks, blob)) as stream:
        length = stream.read(8)
        header = int.from_bytes(length, "little")
        return tensor_sections(memoryview(length + stream.read(header))) if header <= LARGEST_HEADER else Sections()


def _likeness(section: Section) -> tuple[str, int, tuple[str, ...]]:
    return section.dtype, section.end - section.start, section.names
