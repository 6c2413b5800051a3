"""Carrying a plan out, in an order that is safe to stop anywhere and safe beside readers and writers.

1. What is needed of the packs that go is copied into new ones, and those are made durable.
2. A merged index without the packs that go takes the place of those that name them, so that lookups stay fast.
3. The epoch changes: who begins to write from now on looks again what there is.
4. The packs go into quarantine. One that a writer wanted since it was judged comes back at once.
5. Merged indexes that name packs which are gone are removed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from aidb.errors import NotFoundError
from aidb.progress import Progress
from aidb.store.backends.base import Backend
from aidb.store.chunk_reader import ChunkReader
from aidb.store.garbage.marks import Marks
from aidb.store.garbage.plan import Plan
from aidb.store.garbage.repacking import Repacking
from aidb.store.indexes.view import EPOCH, IndexView
from aidb.store.packs.layout import PackId
from aidb.store.publisher import Publisher
from aidb.store.quarantine import Kept, Quarantine, batch_time, new_batch


class Collected(NamedTuple):
    """What a collection did: the packs it set aside, in which batch, and the bytes it copied into new packs."""

    batch: str
    packs: tuple[Kept, ...]
    copied_bytes: int


class Collector:
    """Garbage collection of one store."""

    def __init__(
        self, backend: Backend, view: IndexView, chunks: ChunkReader, scratch: Callable[[], Path]
    ) -> None:
        self._backend = backend
        self._view = view
        self._chunks = chunks
        self._scratch = scratch
        self._quarantine = Quarantine(backend)

    def collect(
        self, marks: Marks, plan: Plan, *, cutoff: float, now: datetime, progress: Progress
    ) -> Collected:
        """Set aside the garbage that the plan names. Raises DamagedObjectError before anything is set aside."""
        packs = [candidate.pack for candidate in plan.condemned]
        batch = new_batch(now)
        copied, made = self._copy(marks, packs, progress)
        gone = [pack for pack in packs if pack not in made]
        if not gone:
            return Collected(batch, (), copied)
        self._view.replace_merged(frozenset(gone), self._scratch)
        self._change_epoch(batch)
        for pack in gone:
            self._quarantine.set_aside(pack, batch)
        self._spare_wanted(batch, cutoff)
        self._quarantine.settle(self.of_batch(batch))
        self._view.forget_missing()
        self._backend.sync()
        return Collected(batch, tuple(self.of_batch(batch)), copied)

    def of_batch(self, batch: str) -> list[Kept]:
        """The packs of a batch that are still in quarantine."""
        return [kept for kept in self._quarantine.packs() if kept.batch == batch]

    def delete(self, packs: Sequence[Kept]) -> list[Kept]:
        """Delete packs in quarantine for good; returns them."""
        for kept in packs:
            self._quarantine.remove(kept)
        return list(packs)

    def settle_unfinished(self) -> None:
        """Put in order what a killed collection left: packs that are half moved stay where they are searched; those
        that are out of the way are dated by now, as who began to write beside it may rely on them."""
        packs = self._quarantine.packs()
        undated = [kept for kept in packs if kept.modified < batch_time(kept.batch).timestamp()]
        half_moved = [kept for kept in undated if self._backend.size(kept.pack.key) is not None]
        self.delete(half_moved)
        self._quarantine.settle([kept for kept in undated if kept not in half_moved])

    def undo(self) -> list[Kept]:
        """Bring back the last batch; returns what came back."""
        packs = self._quarantine.packs()
        back = [kept for kept in packs if kept.batch == packs[-1].batch]
        for kept in back:
            # Not `bring_back`: where the pack was stored again meanwhile, the one in quarantine must not stay the last.
            self._backend.move(kept.key, kept.pack.key)
            self._backend.touch(kept.pack.key)
        self._backend.sync()
        self._view.refresh()
        return back

    def _copy(self, marks: Marks, packs: Collection[PackId], progress: Progress) -> tuple[int, set[PackId]]:
        publisher = Publisher(self._backend, self._view, self._scratch)
        repacking = Repacking(self._backend, self._chunks, marks, publisher, self._scratch)
        task = progress.task("Copying what is needed", len(packs), "packs")
        try:
            repacking.run(list(packs), task)
        finally:
            task.close()
            publisher.close()
        self._backend.sync()
        return repacking.copied_bytes, repacking.made

    def _change_epoch(self, batch: str) -> None:
        while True:
            try:
                before = self._backend.get(EPOCH)
            except NotFoundError:
                before = None
            if self._backend.compare_and_swap(EPOCH, before, batch.encode()):
                return

    def _spare_wanted(self, batch: str, cutoff: float) -> None:
        """Looked at after the move: whoever wanted a pack before it has touched it, whoever comes later misses it."""
        for kept in self.of_batch(batch):
            if kept.modified >= cutoff:
                self._quarantine.bring_back(kept.pack)
