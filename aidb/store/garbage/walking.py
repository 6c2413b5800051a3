"""Marking what blobs need: their chunks and, for the chunked ones, their recipes and what those list.

A recipe is followed once, however many versions name it; what it lists is marked in one question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from aidb.store.chunk_reader import ChunkReader
from aidb.store.garbage.marks import Mark, Marks
from aidb.store.indexes.lookup import table_of
from aidb.store.recipes import decode_recipe
from aidb.types import ObjectId

if TYPE_CHECKING:
    from aidb.store.indexes.lookup import Table

    Bytes = bytes | bytearray | memoryview


class Difference(NamedTuple):
    """Chunks that cannot be decoded without others: row by row, the chunk and its base."""

    chunks: Table
    bases: Table


_TOGETHER = 64
"""Recipes that are read in one go: each may list 16,384 chunks."""


def mark_recipes(chunks: ChunkReader, marks: Marks, recipes: Sequence[ObjectId]) -> None:
    """Mark recipes and everything below them. Raises IntegrityError where something is missing or damaged."""
    import numpy as np

    pending = table_of(recipes)
    while len(pending):
        below = [pending[:0]]
        for data in read_marked(chunks, marks.add(pending, Mark.RECIPE), _TOGETHER):
            recipe = decode_recipe(data)
            parts = table_of(recipe.ids)
            if recipe.level:
                below.append(parts)
            else:
                marks.add(parts, Mark.NEEDED)
        pending = np.concatenate(below)


def mark_bases(marks: Marks, differences: Callable[[], Iterable[Difference]]) -> None:
    """Mark the base of every needed chunk that is stored as a difference, and the base's base.

    `differences` lists them all, each time it is called. Raises MissingObjectError for a base that is nowhere.
    """
    found = True
    while found:
        found = False
        for chunks, bases in differences():
            fresh = marks.add(bases[marks.are(chunks, Mark.NEEDED)], Mark.NEEDED)
            found = found or len(fresh) > 0


def read_marked(chunks: ChunkReader, ids: Table, together: int) -> Iterator[Bytes]:
    """The chunks of a table, in any order, a few at a time."""
    for start in range(0, len(ids), together):
        block = [ObjectId(id_.tobytes()) for id_ in ids[start : start + together]]
        yield from (data for _, data in chunks.read_many(block))
