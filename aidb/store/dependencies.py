"""Which chunks others are stored as differences to: whoever removes chunks must keep these, too.

A live chunk makes its base live. Gone through deepest first, one pass finds all of them:

    for dependency in sorted(store.dependencies(), key=lambda each: -each.depth):
        if dependency.chunk in live:
            live.add(dependency.base)

Of several copies of a chunk, the one of the least depth must be kept: others may rely on just that depth.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from aidb.store.backends.base import Backend
from aidb.store.copies import lineage_of
from aidb.store.deltas import DELTA
from aidb.store.indexes.lookup import pack_numbers
from aidb.store.indexes.segment import Segment
from aidb.store.indexes.view import IndexView
from aidb.store.packs.layout import PackId
from aidb.types import ObjectId


class Dependency(NamedTuple):
    """A copy of a chunk that can only be read with another chunk, its base, that lies less deep."""

    chunk: ObjectId
    base: ObjectId
    depth: int
    pack: PackId


def dependencies(backend: Backend, view: IndexView, only: Collection[PackId] | None) -> Iterator[Dependency]:
    """Every delta of some packs (of all without `only`), pack by pack.

    The indexes tell which records are deltas; of each, 40 bytes are read. Raises DamagedObjectError, NotFoundError or
    StorageError where that fails: nobody may then conclude that a chunk is not needed.
    """
    view.distrust()
    seen: set[PackId] = set()
    for segment in view.segments:
        wanted = [pack not in seen and (only is None or pack in only) for pack in segment.packs]
        for row in _delta_rows(segment, wanted):
            location = segment.location(row, segment.columns.id(row))
            depth, base = lineage_of(backend, location)
            if base is not None:
                yield Dependency(location.record.id, base, depth, location.pack)
        seen.update(segment.packs)


def _delta_rows(segment: Segment, wanted: list[bool]) -> list[int]:
    """The rows of deltas in the packs that are wanted, as they lie on disk."""
    import numpy as np

    numbers = pack_numbers(segment)
    rows = np.flatnonzero(np.frombuffer(segment.columns.codecs, np.uint8) > DELTA)
    rows = rows[np.array(wanted, bool)[numbers[rows]]]
    offsets = np.frombuffer(segment.columns.offsets, np.uint32)
    ordered: list[int] = rows[np.lexsort((offsets[rows], numbers[rows]))].tolist()
    return ordered
