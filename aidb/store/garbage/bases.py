"""Keeping what chunks are stored as differences to, the one place where a collection learns of such dependencies.

A needed chunk needs the bases of all its copies: which of them stays is decided later. Garbage that stays for now needs
its own, too: whoever stores such a chunk again finds it and relies on it. The indexes tell which records are
differences; of each that matters 40 bytes are read, once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from aidb.errors import MissingObjectError
from aidb.store.backends.base import Backend
from aidb.store.copies import lineage_of
from aidb.store.garbage.marks import Mark, Marks
from aidb.store.indexes.lookup import table_of
from aidb.store.indexes.segment import Location
from aidb.store.packs.layout import PackId

if TYPE_CHECKING:
    from aidb.store.indexes.lookup import Table


def mark_bases(backend: Backend, marks: Marks, going: Collection[PackId] | None = None) -> bool:
    """Mark the bases of needed chunks, and theirs; whether anything new was needed.

    If it is known which packs are `going`, also the bases of garbage in packs that stay. Raises IntegrityError or
    StorageError where a record, or the base of a needed chunk, cannot be read.
    """
    any_new, found = False, True
    while found:
        found = False
        for locations in marks.differences(going):
            found = True
            any_new = _mark(marks, *_pairs(backend, locations)) or any_new
    return any_new


def _pairs(backend: Backend, locations: Sequence[Location]) -> tuple[Table, Table]:
    """Row by row, a chunk and its base."""
    bases = [lineage_of(backend, location).base for location in locations]
    pairs = [(one.record.id, base) for one, base in zip(locations, bases, strict=True) if base is not None]
    return table_of([chunk for chunk, _ in pairs]), table_of([base for _, base in pairs])


def _mark(marks: Marks, chunks: Table, bases: Table) -> bool:
    needed = marks.are(chunks, Mark.NEEDED)
    count = marks.add_bases(chunks[needed], bases[needed])
    return count + _mark_leniently(marks, bases[~needed]) > 0


def _mark_leniently(marks: Marks, bases: Table) -> int:
    """Without those that are nowhere: garbage that cannot be read is not worth stopping for."""
    try:
        return len(marks.add(bases, Mark.NEEDED))
    except MissingObjectError:
        if len(bases) == 1:
            return 0
    half = len(bases) // 2
    return _mark_leniently(marks, bases[:half]) + _mark_leniently(marks, bases[half:])
