"""Merging the indexes of many packs into few, so that a lookup asks a handful of tables however many packs there are.

Sizes grow geometrically: a merge takes all packs that are in no merged index, and every merged index smaller than
twice what it has so far, so each row is rewritten about log2(n) times in the life of a repository. Several processes
may merge at once: each writes its own file, readers use the largest, and the next merge removes what is redundant.
Memory is bounded: rows are merged range by range of the id space.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.files import storage_errors
from aidb.store.file_writes import write_at
from aidb.store.hashing import StreamHash
from aidb.store.indexes.columns import TAIL
from aidb.store.indexes.lookup import pack_numbers
from aidb.store.indexes.merged import encode_head
from aidb.store.indexes.segment import Segment
from aidb.store.packs.layout import INDEX_WIDTH, PackId
from aidb.types import ObjectId

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.generic]

MERGE_AT = 32
"""Packs without a merged index that make a merge worth its while."""
_RANGE_ROWS = 1 << 19
_BLOCK = 4 << 20
_LEFT_OUT = 0xFFFF_FFFF
"""The pack number of rows that are not taken over."""
LARGEST = 1 << 26
"""A merged index with more rows (3 GB) is left alone."""


def choose(single: Sequence[Segment], merged: Sequence[Segment]) -> list[Segment]:
    """The segments to merge now; none if it is not due."""
    if len(single) < MERGE_AT:
        return []
    rows = sum(segment.columns.rows for segment in single)
    chosen = list(single)
    for segment in sorted(merged, key=lambda segment: segment.columns.rows):
        count = segment.columns.rows
        if count > 2 * rows or count > LARGEST:
            break
        chosen.append(segment)
        rows += count
    return chosen


def write_merged(
    segments: Sequence[Segment], scratch: Path, without: Collection[PackId] = ()
) -> tuple[ObjectId, Path]:
    """Merge into a new file in `scratch`, without some packs; its name as an index, and where it is."""
    packs: dict[PackId, int] = {}
    for segment in segments:
        for pack in segment.packs:
            if pack not in without:
                packs.setdefault(pack, len(packs))
    count = sum(_rows_to_keep(segment, without) for segment in segments)
    head, table = encode_head(list(packs), count)
    path = scratch / f"index-{os.urandom(8).hex()}"
    with storage_errors("writing a merged index"):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        try:
            write_at(fd, head + table, 0)
            start = len(head) + len(table)
            _write_columns(fd, start, count, _merged_ranges(segments, packs, count))
            return _hash_from(fd, len(head)), path
        finally:
            os.close(fd)


def _rows_to_keep(segment: Segment, without: Collection[PackId]) -> int:
    if not any(pack in without for pack in segment.packs):
        return segment.columns.rows
    import numpy as np

    kept = np.array([pack not in without for pack in segment.packs])
    return int(kept[pack_numbers(segment)].sum())


def _merged_ranges(
    segments: Sequence[Segment], packs: dict[PackId, int], count: int
) -> Iterator[list[Array]]:
    """The seven columns, sorted, one range of the id space after the other."""
    import numpy as np

    tables = [(_arrays(segment, packs)) for segment in segments]
    parts = max(1, count // _RANGE_ROWS)
    starts = [0] * len(tables)
    for part in range(1, parts + 1):
        limit = part * (1 << 64) // parts
        ends = [_first_not_below(table[0], limit) for table in tables]
        pieces = [[column[a:b] for column in table] for table, a, b in zip(tables, starts, ends, strict=True)]
        columns = [np.concatenate(column) for column in zip(*pieces, strict=True)]
        order = np.argsort(columns[0], kind="stable")
        order = order[columns[-1][order] != _LEFT_OUT]
        yield [column[order] for column in columns]
        starts = ends


def _first_not_below(prefixes: Array, limit: int) -> int:
    import numpy as np

    return len(prefixes) if limit >= 1 << 64 else int(np.searchsorted(prefixes, np.uint64(limit)))


def _arrays(segment: Segment, packs: dict[PackId, int]) -> list[Array]:
    """A segment's columns as arrays, its pack numbers translated to those of the merged index."""
    import numpy as np

    columns = segment.columns
    new_numbers = np.array([packs.get(pack, _LEFT_OUT) for pack in segment.packs], np.uint32)
    if segment.pack_numbers is None:
        numbers = np.broadcast_to(new_numbers[:1], (columns.rows,))
    else:
        numbers = new_numbers[np.frombuffer(segment.pack_numbers, np.uint32)]
    return [
        np.frombuffer(columns.prefixes, np.uint64),
        np.frombuffer(columns.tails, np.dtype((np.void, TAIL))),
        np.frombuffer(columns.offsets, np.uint32),
        np.frombuffer(columns.stored, np.uint32),
        np.frombuffer(columns.raw, np.uint32),
        np.frombuffer(columns.codecs, np.uint8),
        numbers,
    ]


def _write_columns(fd: int, start: int, count: int, ranges: Iterable[list[Array]]) -> None:
    """Every range goes to its place in each column: all sizes are known beforehand."""
    widths = (8, TAIL, 4, 4, 4, 1)
    places = [start + count * sum(widths[:number]) for number in range(len(widths))]
    places.append(start + count * INDEX_WIDTH + -count * INDEX_WIDTH % 4)
    os.ftruncate(fd, places[-1] + 4 * count)
    for columns in ranges:
        for number, column in enumerate(columns):
            data = _little_endian(column).tobytes()
            write_at(fd, data, places[number])
            places[number] += len(data)


def _little_endian(column: Array) -> Array:
    return column.astype(column.dtype.newbyteorder("<"), copy=False)


def _hash_from(fd: int, offset: int) -> ObjectId:
    state = StreamHash()
    while block := os.pread(fd, _BLOCK, offset):
        state.update(block)
        offset += len(block)
    return state.id()
