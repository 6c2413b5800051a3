"""Finding many chunks at once, and few without loading NumPy.

A question about n ids of segments with m rows costs about n log m comparisons inside NumPy; below `FEW` ids plain
bisection is faster than NumPy is to import.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from aidb.store.deltas import DELTA
from aidb.store.indexes.segment import Segment, no_such_pack
from aidb.store.packs.layout import PackId
from aidb.types import ID_SIZE, ObjectId

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Longs = npt.NDArray[np.int64]
    Table = npt.NDArray[np.uint8]
    """Ids, one of 32 bytes in each row."""

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


class Known(NamedTuple):
    """Which ids are in any segment, in which packs those are, and which of them lie there as deltas."""

    flags: list[bool]
    packs: set[PackId]
    deltas: list[ObjectId]


def contains(segments: Sequence[Segment], ids: Sequence[ObjectId]) -> list[bool]:
    """Which ids are in any segment."""
    return locate(segments, ids).flags


def locate(segments: Sequence[Segment], ids: Sequence[ObjectId]) -> Known:
    """Which ids are in any segment, and where. Raises DamagedObjectError if an index misleads."""
    if not segments:
        return Known([False] * len(ids), set(), [])
    return _locate_few(segments, ids) if _are_few(ids) else _locate_many(segments, ids)


def plan(segments: Sequence[Segment], ids: Sequence[ObjectId]) -> Plan:
    """Where to read every id, in the order it lies on disk. Raises DamagedObjectError if an index misleads."""
    return _plan_few(segments, ids) if _are_few(ids) else _plan_many(segments, ids)


def _are_few(ids: Sequence[ObjectId]) -> bool:
    return len(ids) <= (_FEW_WHEN_LOADED if "numpy" in sys.modules else FEW)


def _locate_few(segments: Sequence[Segment], ids: Sequence[ObjectId]) -> Known:
    flags, packs, deltas = [], set(), []
    for id_ in ids:
        place = next(((segment, row) for segment in segments if (row := segment.find(id_)) >= 0), None)
        if place is not None:
            segment, row = place
            pack, record = segment.location(row, id_)
            packs.add(pack)
            if record.codec > DELTA:
                deltas.append(id_)
        flags.append(place is not None)
    return Known(flags, packs, deltas)


def _locate_many(segments: Sequence[Segment], ids: Sequence[ObjectId]) -> Known:
    import numpy as np

    question = Question(table_of(ids))
    where = question.segment_of(segments)
    packs: set[PackId] = set()
    deltas: list[ObjectId] = []
    for number in np.unique(where[where >= 0]).tolist():
        segment = segments[number]
        asked = np.flatnonzero(where == number)
        rows = question.rows[asked]
        numbers = np.unique(pack_numbers(segment)[rows]).tolist()
        if numbers[-1] >= len(segment.packs):
            raise no_such_pack()
        packs.update(segment.packs[place] for place in numbers)
        codecs = np.frombuffer(segment.columns.codecs, np.uint8)[rows]
        deltas += [ids[position] for position in asked[codecs > DELTA].tolist()]
    return Known((where >= 0).tolist(), packs, deltas)


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

    question = Question(table_of(ids))
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


def table_of(ids: Sequence[bytes]) -> Table:
    """Ids as the rows of an array."""
    import numpy as np

    return np.frombuffer(b"".join(ids), np.uint8).reshape(-1, ID_SIZE)


class Question:
    """Some ids as arrays, and the row of each in the segment that has it."""

    def __init__(self, table: Table) -> None:
        import numpy as np

        self._table = table
        self._prefixes = table[:, :8].copy().view(">u8").astype(np.uint64).ravel()
        self._tails = table[:, 8:].copy().view(np.uint64)
        self.rows: Longs = np.full(len(table), -1, np.int64)

    def segment_of(self, segments: Sequence[Segment]) -> Longs:
        """The number of the first segment that has each id, -1 where none has."""
        import numpy as np

        where = np.full(len(self._table), -1, np.int64)
        asked = np.arange(len(self._table))
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
            result[position] = segment.find(ObjectId(self._table[asked[position]].tobytes()))
        return result
