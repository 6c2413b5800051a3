"""Chunks stored as differences to each other, beside garbage collection, against a plain set of what is needed.

Several processes that each see the store as it was when they last looked store chunks whole, as differences to whatever
base they can read, or twice at the same moment in different ways; some writers stay open for long, some are killed
between publishing and touching what they rely on. Collections set aside, are stopped anywhere, are undone, or delete.
After every move a process with fresh eyes reads all that is needed, and fsck finds nothing: so no chain has lost a link
or leads deeper than it may.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aidb.errors import StorageError
from aidb.files import Session
from aidb.progress import SILENT
from aidb.store import FaultyBackend, MemoryBackend, ObjectStore, PackKind
from aidb.store.backends.base import Backend
from aidb.store.backends.faulty import fail_always, fail_at
from aidb.store.deltas import MAX_DEPTH, Base, delta_codec, depth_of, encode_delta
from aidb.store.garbage.marks import Mark
from aidb.store.hashing import hash_bytes
from aidb.store.indexes.lookup import table_of
from aidb.store.writer import StoreWriter
from aidb.types import ObjectId
from tests.store.content import weights

EXAMPLES = int(os.environ.get("AIDB_MODEL_EXAMPLES", "25"))

DATA = [weights(2100, steps=step) for step in range(14)]
IDS = [hash_bytes(data) for data in DATA]
CHUNK = st.integers(0, len(DATA) - 1)
STORE = st.integers(0, 2)
BROKEN = OSError("the plug was pulled")


def depths(store: ObjectStore, id_: ObjectId) -> list[int]:
    """How deep the copies of a chunk lie that a store knows."""
    return [
        depth_of(segment.location(row, id_).record.codec)
        for segment in store._view.segments
        for row in segment.rows_of(id_)
    ]


class Differences(RuleBasedStateMachine):
    """One store in memory, three processes that use it, and the set of chunks that are needed."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.session = Session(self.folder)
        self.backend = MemoryBackend()
        self.stores = [self.opened() for _ in range(3)]
        self.needed: set[int] = set()
        self.open: list[tuple[StoreWriter, int]] = []

    def teardown(self) -> None:
        for writer, _ in self.open:
            writer.discard()
        self.session.close()
        shutil.rmtree(self.folder)

    def opened(self, backend: Backend | None = None) -> ObjectStore:
        return ObjectStore(backend or self.backend, self.session.scratch)

    # Writers

    @rule(number=CHUNK, base=CHUNK, which=STORE)
    def store(self, number: int, base: int, which: int) -> None:
        """As a writer does that guesses a base; itself as its base stands for none."""
        with self.stores[which].writer() as writer:
            self.put(writer, number, base)
        self.needed.add(number)

    def put(self, writer: StoreWriter, number: int, base: int) -> None:
        known = None if base == number else Base(IDS[base], 2)
        writer.store_chunks(PackKind.DATA, [IDS[number]], [DATA[number]], [b""], [known])

    @rule(number=CHUNK, deeper=st.integers(1, 3), which=STORE)
    def store_deep(self, number: int, deeper: int, which: int) -> None:
        """As another program might that knows the format: chains as long as they may be."""
        store = self.stores[which]
        with store.writer() as writer:
            found = {other: min(depths(store, id_), default=MAX_DEPTH) for other, id_ in enumerate(IDS)}
            usable = [
                other for other, depth in found.items() if depth + deeper <= MAX_DEPTH and other != number
            ]
            if not usable:
                return
            base = max(usable, key=found.__getitem__)
            depth = found[base] + deeper
            stored = encode_delta(DATA[number], Base(IDS[base], 2), DATA[base])
            codec = delta_codec(depth)
            writer.store_encoded(PackKind.DATA, [IDS[number]], [len(DATA[number])], [codec], [stored])
        self.needed.add(number)

    @rule(number=CHUNK, bases=st.lists(CHUNK, min_size=2, max_size=3))
    def store_at_once(self, number: int, bases: list[int]) -> None:
        """Writers that do not see each other store one chunk, each in its way: there are several copies."""
        with contextlib.ExitStack() as stack:
            for store, base in zip(self.stores, bases, strict=False):
                self.put(stack.enter_context(store.writer()), number, base)
        self.needed.add(number)

    @rule(number=CHUNK, base=CHUNK, which=STORE)
    @precondition(lambda self: len(self.open) < 2)
    def begin(self, number: int, base: int, which: int) -> None:
        """Relying on what is there now; told that it is stored much later."""
        writer = self.stores[which].writer()
        self.put(writer, number, base)
        self.open.append((writer, number))

    @rule()
    @precondition(lambda self: self.open)
    def finish(self) -> None:
        writer, number = self.open.pop(0)
        writer.close()
        self.needed.add(number)

    @rule(number=CHUNK, base=CHUNK)
    def killed(self, number: int, base: int) -> None:
        """Published, and not touched what it relies on; nobody was told that anything is stored."""
        writer = self.opened(FaultyBackend(self.backend, fail_always(BROKEN, "touch"))).writer()
        with contextlib.suppress(StorageError):
            self.put(writer, number, base)
            writer.flush()
        writer.discard()

    @rule(number=CHUNK)
    def forget(self, number: int) -> None:
        self.needed.discard(number)

    @rule(which=STORE)
    def look_again(self, which: int) -> None:
        self.stores[which].refresh()

    # Collections

    @rule(thorough=st.booleans(), delete=st.booleans())
    def prune(self, thorough: bool, delete: bool) -> None:
        """Everything is old. What somebody may rely on who is still at work is not deleted."""
        self._prune(self.opened(), thorough=thorough, delete=delete and not self.open)

    @rule()
    def prune_until_nothing_is_left(self) -> None:
        """A base goes one collection later than the last copy that was the difference to it."""
        for _ in range(len(DATA)):
            if not self._prune(self.opened(), thorough=True, delete=False):
                break
        else:
            raise AssertionError("collections do not come to an end")
        fresh = self.opened()
        assert self._stored(fresh) == self._closure(fresh)

    @rule(thorough=st.booleans(), call=st.integers(0, 80))
    def prune_and_be_stopped(self, thorough: bool, call: int) -> None:
        store = self.opened(FaultyBackend(self.backend, fail_at(call, BROKEN)))
        with contextlib.suppress(StorageError):
            self._prune(store, thorough=thorough, delete=not self.open)

    def _prune(self, store: ObjectStore, *, thorough: bool, delete: bool) -> int:
        """In the order of `aidb gc`; how many packs were set aside."""
        collector = store.collector()
        collector.settle_unfinished()
        marks = store.marks()
        if self.needed:
            marks.add(table_of([IDS[number] for number in self.needed]), Mark.NEEDED)
        cutoff = time.time() + 5
        plan = store.plan_collection(marks, cutoff, 0.0 if thorough else 0.25)
        expired = store.quarantined()
        now = datetime.now().astimezone()
        collected = collector.collect(marks, plan, cutoff=cutoff, now=now, progress=SILENT)
        if delete:
            collector.delete(expired)
        return len(collected.packs)

    @rule()
    def undo(self) -> None:
        if self.opened().quarantined():
            self.opened().collector().undo()

    # What must hold

    @invariant()
    def what_is_needed_reads(self) -> None:
        fresh = self.opened()
        for number in sorted(self.needed):
            assert fresh.read_chunk(IDS[number]) == DATA[number]
        ids = [IDS[number] for number in sorted(self.needed, reverse=True)]
        read = {ids[position]: bytes(data) for position, data in self.opened().read_chunks(ids)}
        assert read == {IDS[number]: DATA[number] for number in self.needed}
        assert list(self.opened().fsck()) == []

    @rule(which=STORE)
    def who_looked_long_ago_reads_it_too(self, which: int) -> None:
        for number in self.needed:
            assert self.stores[which].read_chunk(IDS[number]) == DATA[number]

    def _stored(self, store: ObjectStore) -> set[ObjectId]:
        return {id_ for id_, there in zip(IDS, store.contains(IDS), strict=True) if there}

    def _closure(self, store: ObjectStore) -> set[ObjectId]:
        """What is needed, and the bases of every copy of it."""
        found = {IDS[number] for number in self.needed}
        links = list(store.dependencies())
        while more := {link.base for link in links if link.chunk in found} - found:
            found |= more
        return found


TestDifferences = Differences.TestCase
TestDifferences.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestDifferences = pytest.mark.timeout(0 if EXAMPLES > 200 else 300)(TestDifferences)
