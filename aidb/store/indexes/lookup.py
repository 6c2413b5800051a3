"""Finding many chunks at once, and few without loading NumPy.

A question about n ids of segments with m rows costs about n log m comparisons inside NumPy; below `FEW` ids plain
bisection is faster than NumPy is to import.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from aidb.store.indexes.segment import Segment, no_such_pack
from aidb.store.packs.layout import PackId
from aidb.types import ObjectId

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Longs = npt.NDArray[np.int64]

FEW = 256
_FEW_WHEN_LOADED = 8


class Planned(NamedTuple):
    """One record to read, sorted as it lies: by pack, then offset. `query` is its place in the question."""

    pack: int
    offset: int
    stored: int
    raw: int
    codec: int
    query: int


_new_planned = partial(tuple.__new__, Planned)


class Plan(NamedTuple):
    """What to read for a question: the records found in storage order, the packs they number, and what is missing."""

    packs: Sequence[PackId]
    found: list[Planned]
    missing: list[int]


def contains(segments: Sequence[Segment], ids: Sequence[ObjectId]) -> list[bool]:
    """Which ids are in any segment."""
    if not segments:
        return [False] * len(ids)
    if _are_few(ids):
        return [any(segment.find(id_) >= 0 for segment in segments) for id_ in ids]
    known: list[bool] = (_Question(ids).segment_of(segments) >= 0).tolist()
    return known


def plan(segments: Sequence[Segment], ids: Sequence[ObjectId]) -> Plan:
    """Where to read every id, in the order it lies on disk. Raises DamagedObjectError if an index misleads."""
    return _plan_few(segments, ids) if _are_few(ids) else _plan_many(segments, ids)


def _are_few(ids: Sequence[ObjectId]) -> bool:
    return len(ids) <= (_FEW_WHEN_LOADED if "numpy" in sys.modules else FEW)


def _plan_few(segments: Sequence[Segment], ids: Sequence[ObjectId]) -> Plan:
    packs: dict[PackId, int] = {}
    found, missing = [], []
    for query, id_ in enumerate(ids):
        for segment in segments:
            row = segment.find(id_)
            if row >= 0:
                pack, (_, offset, stored, raw, codec) = segment.location(row, id_)
                number = packs.setdefault(pack, len(packs))
                found.append(Planned(number, offset, stored, raw, codec, query))
                break
        else:
            missing.append(query)
    found.sort()
    return Plan(list(packs), found, missing)


def _plan_many(segments: Sequence[Segment], ids: Sequence[ObjectId]) -> Plan:
    import numpy as np

    question = _Question(ids)
    where = question.segment_of(segments)
    packs: list[PackId] = []
    parts = []
    for number, segment in enumerate(segments):
        queries = np.flatnonzero(where == number)
        if len(queries):
            parts.append(_gather(segment, question.rows[queries], queries, len(packs)))
            packs.extend(segment.packs)
    table = np.concatenate(parts, axis=1) if parts else np.empty((6, 0), np.int64)
    table = table[:, np.lexsort((table[1], table[0]))]
    found = list(map(_new_planned, zip(*table.tolist(), strict=True)))
    return Plan(packs, found, np.flatnonzero(where < 0).tolist())


def _gather(segment: Segment, rows: Longs, queries: Longs, first_pack: int) -> Longs:
    """The six columns of Planned for some rows of a segment."""
    import numpy as np

    columns = segment.columns
    table = np.empty((6, len(rows)), np.int64)
    table[0] = first_pack
    table[0] += pack_numbers(segment)[rows]
    if (table[0] >= first_pack + len(segment.packs)).any():
        raise no_such_pack()
    table[1] = np.frombuffer(columns.offsets, np.uint32)[rows]
    table[2] = np.frombuffer(columns.stored, np.uint32)[rows]
    table[3] = np.frombuffer(columns.raw, np.uint32)[rows]
    table[4] = np.frombuffer(columns.codecs, np.uint8)[rows]
    table[5] = queries
    return table


def pack_numbers(segment: Segment) -> npt.NDArray[np.uint32]:
    """For every row, which of the segment's packs it is in (unchecked)."""
    import numpy as np

    if segment.pack_numbers is None:
        return np.zeros(segment.columns.rows, np.uint32)
    return np.frombuffer(segment.pack_numbers, np.uint32)


class _Question:
    """Some ids as arrays, and the row of each in the segment that has it."""

    def __init__(self, ids: Sequence[ObjectId]) -> None:
        import numpy as np

        table = np.frombuffer(b"".join(ids), np.uint8).reshape(-1, 32)
        self._ids = ids
        self._prefixes = table[:, :8].copy().view(">u8").astype(np.uint64).ravel()
        self._tails = table[:, 8:].copy().view(np.uint64)
        self.rows: Longs = np.full(len(ids), -1, np.int64)

    def segment_of(self, segments: Sequence[Segment]) -> Longs:
        """The number of the first segment that has each id, -1 where none has."""
        import numpy as np

        where = np.full(len(self._ids), -1, np.int64)
        asked = np.arange(len(self._ids))
        for number, segment in enumerate(segments):
            if not segment.columns.rows:
                continue
            rows = self._rows_in(segment, asked)
            hit = rows >= 0
            where[asked[hit]] = number
            self.rows[asked[hit]] = rows[hit]
            asked = asked[~hit]
            if not len(asked):
                break
        return where

    def _rows_in(self, segment: Segment, asked: Longs) -> Longs:
        import numpy as np

        prefixes = np.frombuffer(segment.columns.prefixes, np.uint64)
        tails = np.frombuffer(segment.columns.tails, np.uint64).reshape(-1, 3)
        wanted = self._prefixes[asked]
        rows = np.minimum(np.searchsorted(prefixes, wanted), len(prefixes) - 1)
        near = prefixes[rows] == wanted
        hit = near & (tails[rows] == self._tails[asked]).all(axis=1)
        result = np.where(hit, rows, -1)
        # The same first eight bytes, another chunk: practically only when somebody made it so.
        for position in np.flatnonzero(near & ~hit).tolist():
            result[position] = segment.find(self._ids[int(asked[position])])
        return result
