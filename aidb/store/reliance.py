"""On which packs a writer relies that does not store a chunk again: its own and, for a delta, those of its bases."""

from __future__ import annotations

from collections.abc import Sequence

from aidb.errors import ConcurrencyError, IntegrityError, NotFoundError, StorageError
from aidb.store.backends.base import Backend
from aidb.store.copies import lineage_of
from aidb.store.deltas import MAX_DEPTH, depth_of
from aidb.store.indexes.lookup import Known
from aidb.store.indexes.view import IndexView
from aidb.store.packs.layout import PackId
from aidb.types import ObjectId

_NOTHING: frozenset[PackId] = frozenset()


class Reliance:
    """One writer's. Safe for threads."""

    def __init__(self, backend: Backend, view: IndexView) -> None:
        self._backend = backend
        self._view = view
        self._found: dict[tuple[ObjectId, int], frozenset[PackId]] = {}

    def known(self, ids: Sequence[ObjectId]) -> Known:
        """Which chunks need not be stored, and the packs that this relies on. No delta without its base counts."""
        known = self._view.known(ids)
        if not known.deltas:
            return known
        packs, lost = set(known.packs), set()
        for id_ in known.deltas:
            chain = self._chain(id_, MAX_DEPTH + 1)
            packs |= chain
            if not chain:
                lost.add(id_)
        flags = [there and id_ not in lost for there, id_ in zip(known.flags, ids, strict=True)]
        return Known(flags, packs, known.deltas)

    def packs_of(self, base: ObjectId, depth: int) -> frozenset[PackId]:
        """The packs that a delta of this depth needs. Raises ConcurrencyError if its base is gone."""
        packs = self._chain(base, depth)
        if not packs:
            raise ConcurrencyError(
                f"chunk {base.hex()} was removed while it was needed",
                hints=("Run the same command again: what is missing will be stored again.",),
            )
        return packs

    def _chain(self, id_: ObjectId, depth: int) -> frozenset[PackId]:
        """Every pack with a copy that lies less deep, and what those need; none if the chunk cannot be read."""
        for _ in range(MAX_DEPTH):
            missing: list[ObjectId] = []
            packs = self._follow(id_, depth, missing)
            # Bases may be in quarantine, or newer than this view.
            if packs or not missing or not self._view.search(missing):
                return packs
        return _NOTHING

    def _follow(self, id_: ObjectId, depth: int, missing: list[ObjectId]) -> frozenset[PackId]:
        if (id_, depth) in self._found:
            return self._found[id_, depth]
        packs: set[PackId] = set()
        there = False
        for segment in self._view.segments:
            for row in segment.rows_of(id_):
                there = True
                location = segment.location(row, id_)
                if depth_of(location.record.codec) >= depth:
                    continue
                try:
                    own, base = lineage_of(self._backend, location)
                except (IntegrityError, NotFoundError, StorageError):
                    continue
                needed = _NOTHING if base is None else self._follow(base, own, missing)
                if base is None or needed:
                    packs |= {location.pack} | needed
        if not there:
            missing.append(id_)
        found = frozenset(packs)
        if found:
            self._found[id_, depth] = found
        return found
