"""Keeping what chunks are stored as differences to, the one place where a collection learns of such dependencies.

A needed chunk needs the bases of all its copies. Garbage that stays for now needs its own, too: whoever stores such a
chunk again finds it and relies on it.
"""

from __future__ import annotations

import contextlib
from itertools import groupby

from aidb.errors import MissingObjectError
from aidb.store.backends.base import Backend
from aidb.store.dependencies import dependencies
from aidb.store.garbage.marks import Mark, Marks
from aidb.store.garbage.walking import Difference, mark_bases
from aidb.store.indexes.lookup import table_of
from aidb.store.indexes.view import IndexView
from aidb.store.packs.layout import PackId


class Bases:
    """What every delta of a view's packs is the difference to, also of packs that turn up meanwhile. Each is read once.

    Raises IntegrityError or StorageError where a delta cannot be read: what it needs could not be judged.
    """

    def __init__(self, backend: Backend, view: IndexView) -> None:
        self._backend = backend
        self._view = view
        self._seen: set[PackId] = set()
        self._by_pack: dict[PackId, Difference] = {}

    def mark(self, marks: Marks) -> None:
        """Mark the bases of needed chunks. Raises MissingObjectError for one that is nowhere."""
        mark_bases(marks, lambda: list(self._differences().values()))

    def mark_staying(self, marks: Marks, going: set[PackId]) -> bool:
        """Mark the bases of everything in packs that do not go; whether there were any that were not needed before.

        One that is nowhere leaves garbage that cannot be read, which is not worth stopping for.
        """
        found = False
        for pack, (_, bases) in list(self._differences().items()):
            if pack in going:
                continue
            fresh = bases[~marks.are(bases, Mark.NEEDED)]
            try:
                found = len(marks.add(fresh, Mark.NEEDED)) > 0 or found
            except MissingObjectError:
                for number in range(len(fresh)):
                    with contextlib.suppress(MissingObjectError):
                        found = len(marks.add(fresh[number : number + 1], Mark.NEEDED)) > 0 or found
        if found:
            self.mark(marks)
        return found

    def _differences(self) -> dict[PackId, Difference]:
        new = set(self._view.packs) - self._seen
        if new:
            self._seen |= new
            every = dependencies(self._backend, self._view, new)
            for pack, group in groupby(every, lambda one: one.pack):
                pairs = [(one.chunk, one.base) for one in group]
                chunks, bases = zip(*pairs, strict=True)
                self._by_pack[pack] = Difference(table_of(chunks), table_of(bases))
        return self._by_pack
