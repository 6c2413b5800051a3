"""Finding, for the chunks of a new file, those of an earlier version that they may be stored as differences to.

Chunks belong together when they are the same stretch of the same tensor: sections are recognised by the names and kind
of their tensors and by their length, wherever they lie in either file.
"""

from __future__ import annotations

import contextlib
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
    """Looks up chunks of one blob. Reads its header at once and its recipe as far as it is asked.

    That an old version is damaged must not keep a new one from being stored: after the damage nothing is found.
    """

    def __init__(self, chunks: ChunkReader, blob: Blob) -> None:
        self._leaf: tuple[Leaf, dict[int, int]] | None = None
        self._sections: dict[tuple[str, int, tuple[str, ...]], Section] = {}
        with contextlib.suppress(IntegrityError, StorageError):
            self._tree = RecipeTree(chunks.read, blob)
            sections = _sections_of(chunks, blob)
            self._sections = {_likeness(section): section for section in sections if section.width}

    def find(self, section: Section, offset: int, length: int) -> Base | None:
        """The chunk that holds the same `length` bytes of the same section, `offset` bytes into the new file."""
        like = self._sections.get(_likeness(section))
        if like is None:
            return None
        try:
            return self._chunk_at(like.start + offset - section.start, length, section.width)
        except (IntegrityError, StorageError):
            self._sections = {}
            return None

    def _chunk_at(self, offset: int, length: int, width: int) -> Base | None:
        leaf, parts = self._leaf_at(offset)
        part = parts.get(offset - leaf.start)
        if part is None or leaf.recipe.sizes[part] != length:
            return None
        return Base(leaf.recipe.ids[part], width)

    def _leaf_at(self, offset: int) -> tuple[Leaf, dict[int, int]]:
        """The leaf of the recipe, and the number of each of its parts by where it begins."""
        if self._leaf is None or not 0 <= offset - self._leaf[0].start < self._leaf[0].recipe.size:
            leaf = self._tree.leaf_at(offset)
            self._leaf = leaf, {start: part for part, start in enumerate(leaf.recipe.starts()[:-1])}
        return self._leaf


def _sections_of(chunks: ChunkReader, blob: Blob) -> Sections:
    with io.BufferedReader(BlobReader(chunks, blob)) as stream:
        length = stream.read(8)
        header = int.from_bytes(length, "little")
        return (
            tensor_sections(memoryview(length + stream.read(header)))
            if header <= LARGEST_HEADER
            else Sections()
        )


def _likeness(section: Section) -> tuple[str, int, tuple[str, ...]]:
    return section.dtype, section.end - section.start, section.names
