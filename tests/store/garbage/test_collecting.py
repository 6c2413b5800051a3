"""Setting garbage aside beside writers and readers, on a disk and in memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import pytest

from aidb.errors import DamagedObjectError, MissingObjectError, StorageError
from aidb.files import Session
from aidb.progress import SILENT
from aidb.store import FaultyBackend, LocalBackend, MemoryBackend, ObjectStore, PackKind
from aidb.store.backends.base import Backend
from aidb.store.backends.faulty import Call, fail_at
from aidb.store.garbage.collecting import Collected
from aidb.store.garbage.marks import Mark
from aidb.store.garbage.plan import Plan, make_plan
from aidb.store.indexes.lookup import table_of
from aidb.store.packs.layout import PACKS
from aidb.types import ObjectId
from tests.store.content import noise

CONTENTS = [noise(1000 + number, number) for number in range(60)]


def now() -> datetime:
    return datetime.now().astimezone()


@pytest.fixture(params=["disk", "memory"])
def backend(request: pytest.FixtureRequest, folder: Path, session: Session) -> Backend:
    return LocalBackend(folder, session.scratch) if request.param == "disk" else MemoryBackend()


@pytest.fixture
def opened(backend: Backend, session: Session) -> Callable[[], ObjectStore]:
    """Another process's view of the same store."""
    return lambda: ObjectStore(backend, session.scratch)


def put(store: ObjectStore, numbers: Iterable[int], kind: PackKind = PackKind.DATA) -> list[ObjectId]:
    """One pack with these contents."""
    with store.writer() as writer:
        return [writer.put_chunk(CONTENTS[number], kind=kind) for number in numbers]


def judge(store: ObjectStore, needed: list[ObjectId], threshold: float = 0.25) -> Plan:
    marks = store.marks()
    marks.add(table_of(needed), Mark.NEEDED)
    return make_plan(store.backend, marks, time.time() + 5, threshold)


def collect(store: ObjectStore, needed: list[ObjectId], threshold: float = 0.25) -> Collected:
    """Set aside whatever is not needed, young or not."""
    marks = store.marks()
    marks.add(table_of(needed), Mark.NEEDED)
    cutoff = time.time() + 5
    plan = make_plan(store.backend, marks, cutoff, threshold)
    return store.collector().collect(marks, plan, cutoff=cutoff, now=now(), progress=SILENT)


def read_all(store: ObjectStore, ids: list[ObjectId], numbers: Iterable[int]) -> None:
    expected = {position: CONTENTS[number] for position, number in enumerate(numbers)}
    assert {position: bytes(data) for position, data in store.read_chunks(ids)} == expected


def test_what_becomes_of_each_pack(opened: Callable[[], ObjectStore]) -> None:
    store = opened()
    gone, half, nearly = put(store, range(10)), put(store, range(10, 20)), put(store, range(20, 30))
    kept = put(store, range(30, 40), PackKind.META)
    plan = judge(store, half[:5] + nearly[:9] + kept)
    assert [candidate.garbage.chunks for candidate in plan.drop] == [len(gone)]
    assert [(one.needed.chunks, one.garbage.chunks) for one in plan.repack] == [(5, 5)]
    assert [(one.needed.chunks, one.garbage.chunks) for one in plan.mixed] == [(9, 1)]
    assert plan.drop[0].garbage.bytes == sum(len(CONTENTS[n]) + 48 + 45 for n in range(10))
    assert len(judge(store, half[:5] + nearly[:9] + kept, 0.0).repack) == 2


def test_what_is_needed_stays_and_the_rest_is_gone(opened: Callable[[], ObjectStore]) -> None:
    store, reader = opened(), opened()
    ids = put(store, range(20)) + put(store, range(20, 40), PackKind.META) + put(store, range(40, 60))
    needed = ids[::2][:20]
    read_all(reader, ids, range(60))
    collected = collect(store, needed)
    assert len(collected.packs) == 3
    for each in (store, reader, opened()):
        read_all(each, needed, range(0, 40, 2))
    assert list(opened().fsck()) == []
    assert opened().contains(ids) == [id_ in needed for id_ in ids]
    kinds = sorted(pack.kind for pack in opened().packs())
    assert kinds == [PackKind.DATA, PackKind.META]


def test_a_missed_chunk_comes_back_from_quarantine(opened: Callable[[], ObjectStore]) -> None:
    store = opened()
    ids = put(store, range(10))
    collect(store, [])
    assert opened().contains(ids) == [False] * 10
    read_all(opened(), ids, range(10))
    assert store.quarantined() == []
    assert opened().contains(ids) == [True] * 10


def test_undo(opened: Callable[[], ObjectStore]) -> None:
    store = opened()
    first, second = put(store, range(10)), put(store, range(10, 20))
    collect(store, second)
    collect(store, [])
    collector = opened().collector()
    assert len(collector.undo()) == 1
    assert opened().contains(first + second) == [False] * 10 + [True] * 10
    assert len(collector.undo()) == 1
    assert opened().contains(first + second) == [True] * 20
    assert collector.undo() == []


def test_deleted_is_gone(opened: Callable[[], ObjectStore]) -> None:
    store = opened()
    ids = put(store, range(10))
    collected = collect(store, [])
    store.collector().delete(collected.packs)
    with pytest.raises(MissingObjectError):
        opened().read_chunk(ids[0])
    assert list(opened().fsck()) == []


def test_a_writer_brings_back_what_it_relied_on(opened: Callable[[], ObjectStore]) -> None:
    """It found the chunks stored, then the pack was set aside, then it flushed."""
    ids = put(opened(), range(10))
    slow = opened().writer()
    for number in range(10):
        slow.put_chunk(CONTENTS[number])
    slow.store_chunks(PackKind.DATA, ids, CONTENTS[:10], [b""] * 10)
    collector = opened()
    collect(collector, [])
    assert collector.quarantined()
    slow.close()
    assert collector.quarantined() == []
    read_all(opened(), ids, range(10))


def test_a_writer_that_comes_later_relies_on_nothing_that_is_gone(opened: Callable[[], ObjectStore]) -> None:
    """Its view is older than the collection, which has deleted the packs for good."""
    stale = opened()
    ids = put(stale, range(10))
    other = opened()
    other.collector().delete(collect(other, []).packs)
    assert put(stale, range(10)) == ids
    read_all(opened(), ids, range(10))


def test_a_pack_wanted_between_judgement_and_move_is_spared(backend: Backend, session: Session) -> None:
    ids = put(ObjectStore(backend, session.scratch), range(10))
    wanting = ObjectStore(backend, session.scratch)
    busy: list[Call] = []

    def plan(call: Call) -> None:
        """Somebody stores the same again, as packs begin to be moved."""
        if call.operation == "move" and not busy:
            busy.append(call)
            put(wanting, range(10))

    store = ObjectStore(FaultyBackend(backend, plan), session.scratch)
    marks = store.marks()
    cutoff = time.time()
    for stored in backend.list(PACKS):  # as old as the hills, until they are wanted again
        if isinstance(backend, LocalBackend):
            os.utime(backend.root / stored.key, (1, 1))
        else:
            cutoff = max(cutoff, stored.modified + 1e-6)
    judged = make_plan(store.backend, marks, cutoff)
    assert len(judged.drop) == 1
    store.collector().collect(marks, judged, cutoff=cutoff, now=now(), progress=SILENT)
    assert busy
    assert store.quarantined() == []
    read_all(ObjectStore(backend, session.scratch), ids, range(10))


def test_publishing_a_pack_that_is_there_already_keeps_it(backend: Backend, session: Session) -> None:
    """Two writers store the same: one pack. It is as wanted as the later writer says."""
    one, two = (ObjectStore(backend, session.scratch) for _ in range(2))
    with two.writer() as late:
        late.store_chunks(PackKind.DATA, put(one, range(5)), CONTENTS[:5], [b""] * 5)
        (before,) = backend.list(PACKS)
        time.sleep(0.02)
    (after,) = backend.list(PACKS)
    assert after.modified > before.modified


def test_damage_stops_it_before_anything_is_removed(store: ObjectStore, folder: Path) -> None:
    ids = put(store, range(10))
    other = put(store, range(10, 20))
    pack = next(path for path in (folder / "packs").iterdir() if CONTENTS[3] in path.read_bytes())
    damage(pack, CONTENTS[3])
    with pytest.raises(DamagedObjectError, match=ids[3].hex()):
        collect(store, ids[:5])
    assert store.quarantined() == []
    assert sorted(store.contains(other)) == [True] * 10


def damage(pack: Path, content: bytes) -> None:
    data = bytearray(pack.read_bytes())
    data[data.index(content) + 100] ^= 1
    pack.chmod(0o644)
    pack.write_bytes(data)


def stored_twice(folder: Path, session: Session) -> tuple[list[ObjectId], Path, Path]:
    """The same ten chunks in two packs, each with five of its own."""
    packs: list[Path] = []
    for own in (range(10, 15), range(15, 20)):
        for path in packs:
            path.rename(folder / path.name)
        with ObjectStore(LocalBackend(folder, session.scratch), session.scratch) as store:
            ids = put(store, [*range(10), *own])[:10]
        packs += [path for path in (folder / "packs").iterdir() if path not in packs]
    (folder / packs[0].name).rename(packs[0])
    return ids, packs[0], packs[1]


def test_of_two_copies_one_stays(folder: Path, session: Session, reopen: Callable[[], ObjectStore]) -> None:
    ids, _, _ = stored_twice(folder, session)
    collect(reopen(), ids, 0.0)
    assert reopen().usage().chunks == 10
    read_all(reopen(), ids, range(10))
    assert list(reopen().fsck()) == []


@pytest.mark.parametrize("which", [0, 1])
def test_a_good_copy_never_goes_for_a_damaged_one(
    folder: Path, session: Session, reopen: Callable[[], ObjectStore], which: int
) -> None:
    """One pack is to stay because it is young: were its copy believed unseen, the only good one would be lost."""
    ids, *packs = stored_twice(folder, session)
    damage(packs[which], CONTENTS[3])
    for path, age in zip(packs, (1, 0), strict=True):
        if age:
            os.utime(path, (1, 1))
    store = reopen()
    marks = store.marks()
    marks.add(table_of(ids), Mark.NEEDED)
    cutoff = time.time() - 3600
    plan = make_plan(store.backend, marks, cutoff, 0.0)
    try:
        collected = store.collector().collect(marks, plan, cutoff=cutoff, now=now(), progress=SILENT)
        store.collector().delete(collected.packs)
    except DamagedObjectError:
        assert reopen().quarantined() == []
    read_all(reopen(), ids, range(10))


def test_merged_indexes_are_made_anew(
    opened: Callable[[], ObjectStore], backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a collection no index tells of what is gone, and the packs that stayed are still looked up together."""
    monkeypatch.setattr("aidb.store.indexes.merging.MERGE_AT", 8)
    store = opened()
    ids = [id_ for number in range(40) for id_ in put(store, [number])]
    needed = ids[::4]
    store.collector().delete(collect(store, needed).packs)
    fresh = opened()
    read_all(fresh, needed, range(0, 40, 4))
    assert fresh.contains(ids) == [id_ in needed for id_ in ids]
    assert list(fresh.fsck()) == []
    assert len(fresh.marks().segments) < 5
    named = {pack for segment in fresh.marks().segments for pack in segment.packs}
    assert len(named) == 10


def test_collecting_again_finds_nothing(opened: Callable[[], ObjectStore]) -> None:
    store = opened()
    ids = put(store, range(30))
    collect(store, ids[:15])
    plan = judge(opened(), ids[:15], 0.0)
    assert not plan.condemned
    assert not collect(opened(), ids[:15], 0.0).packs


def test_a_chunk_that_is_nowhere(opened: Callable[[], ObjectStore]) -> None:
    store = opened()
    put(store, range(10))
    with pytest.raises(MissingObjectError, match="in no pack"):
        collect(store, [ObjectId(bytes(32))])
    assert store.quarantined() == []


def half_needed(session: Session) -> tuple[MemoryBackend, list[ObjectId]]:
    """A store of two packs, of which every third chunk will be needed."""
    backend = MemoryBackend()
    ids = put(ObjectStore(backend, session.scratch), range(20))
    ids += put(ObjectStore(backend, session.scratch), range(20, 40), PackKind.META)
    return backend, ids


def calls_of_a_collection(session: Session) -> int:
    backend, ids = half_needed(session)
    counting = FaultyBackend(backend)
    collect(ObjectStore(counting, session.scratch), ids[::3])
    return len(counting.calls)


def test_stopped_anywhere_and_done_again(session: Session) -> None:
    """Whichever call fails: what is needed can be read, and the next collection ends where this one would have."""
    stopped = 0
    for number in range(calls_of_a_collection(session)):
        backend, ids = half_needed(session)
        faulty = FaultyBackend(backend, fail_at(number, OSError("the plug was pulled")))
        try:
            collect(ObjectStore(faulty, session.scratch), ids[::3])
        except StorageError:
            stopped += 1
        read_all(ObjectStore(backend, session.scratch), ids[::3], range(0, 40, 3))
        assert list(ObjectStore(backend, session.scratch).fsck()) == []
        store = ObjectStore(backend, session.scratch)
        store.collector().delete(collect(store, ids[::3]).packs)
        left = ObjectStore(backend, session.scratch)
        assert left.contains(ids) == [place % 3 == 0 for place in range(40)]
        assert left.usage().chunks == len(ids[::3])
    assert stopped > 15
