"""What a view sees while others write, merge and remove."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aidb.errors import StorageError
from aidb.files import Session
from aidb.store import FaultyBackend, MemoryBackend, ObjectStore
from aidb.store.backends.base import Backend
from aidb.store.backends.faulty import Call
from aidb.store.indexes.merged import INDEXES
from aidb.types import ObjectId


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend()


@pytest.fixture(autouse=True)
def merge_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aidb.store.indexes.merging.MERGE_AT", 4)


def write(backend: Backend, session: Session, *numbers: int) -> list[ObjectId]:
    """A pack per number, by writers of their own."""
    ids = []
    for number in numbers:
        with ObjectStore(backend, session.scratch).writer() as writer:
            ids.append(writer.put_chunk(b"chunk %d" % number))
    return ids


def test_others_packs_are_seen_when_they_are_needed(backend: MemoryBackend, session: Session) -> None:
    store = ObjectStore(backend, session.scratch)
    assert store.packs() == []
    (id_,) = write(backend, session, 1)
    assert store.contains([id_]) == [False]
    assert store.read_chunk(id_) == b"chunk 1"
    assert store.contains([id_]) == [True]


def test_indexes_that_vanish_while_they_are_listed(backend: MemoryBackend, session: Session) -> None:
    """Another process merges between our listing and our reading: look again."""
    ids = write(backend, session, *range(6))
    faulty = FaultyBackend(backend)
    meddled: list[Call] = []

    def plan(call: Call) -> None:
        if call.operation == "get" and call.key.startswith(INDEXES) and not meddled:
            meddled.append(call)
            ids.extend(write(backend, session, *range(6, 20)))

    faulty._plan = plan
    assert all(ObjectStore(faulty, session.scratch).contains(ids[:6]))
    assert meddled
    assert all(ObjectStore(backend, session.scratch).contains(ids))


def test_indexes_that_always_vanish(backend: MemoryBackend, session: Session) -> None:
    write(backend, session, *range(6))

    class Lying(FaultyBackend):
        def keys(self, prefix: str) -> list[str]:
            return [INDEXES + "0" * 64 + ".idx"] if prefix == INDEXES else []

    with pytest.raises(StorageError, match="keep changing"):
        ObjectStore(Lying(backend), session.scratch).contains([])
        ObjectStore(Lying(backend), session.scratch).packs()


def test_a_removed_pack_is_looked_for_elsewhere(backend: MemoryBackend, session: Session) -> None:
    """Another process moved a chunk to another pack and removed the first."""
    (id_,) = write(backend, session, 1)
    store = ObjectStore(backend, session.scratch)
    assert store.contains([id_]) == [True]
    (old,) = store.packs()
    with ObjectStore(MemoryBackend(), session.scratch) as other:
        with other.writer() as writer:
            writer.put_chunk(b"chunk 1")
            writer.put_chunk(b"company")
        (new,) = other.packs()
        backend.put(new.key, other.backend.get(new.key))
    backend.delete(old.key)
    assert store.read_chunk(id_) == b"chunk 1"
    assert [bytes(data) for _, data in store.read_chunks([id_])] == [b"chunk 1"]


def test_redundant_indexes_are_removed_by_the_next_merge(backend: MemoryBackend, session: Session) -> None:
    write(backend, session, *range(3))
    stores = [ObjectStore(backend, session.scratch) for _ in range(3)]
    for store in stores:
        store.packs()
    (more,) = write(backend, session, 3)
    for store in stores:
        store.refresh()
        store._view.merge(session.scratch)
    ids = [more, *write(backend, session, *range(4, 30))]
    assert len(list(backend.keys(INDEXES))) <= 4
    assert all(ObjectStore(backend, session.scratch).contains(ids))


def test_merging_keeps_what_tells_of_lost_packs(backend: MemoryBackend, session: Session) -> None:
    ids = write(backend, session, *range(4))
    store = ObjectStore(backend, session.scratch)
    backend.delete(store.packs()[0].key)
    write(backend, session, *range(10, 30))
    damages = ObjectStore(backend, session.scratch).fsck()
    lost = [damage.chunk for damage in damages if damage.chunk is not None]
    assert len(lost) == 1
    assert lost[0] in ids


def test_nothing_temporary_is_left(backend: MemoryBackend, session: Session, tmp_path: Path) -> None:
    write(backend, session, *range(12))
    assert os.listdir(session.scratch()) == []
