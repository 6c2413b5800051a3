"""What is marked, counted and told apart."""

from __future__ import annotations

import numpy as np
import pytest

from aidb.errors import MissingObjectError
from aidb.files import Session
from aidb.store import MemoryBackend, ObjectStore, PackKind
from aidb.store.garbage.marks import COST, Amount, Mark
from aidb.store.garbage.walking import Difference, mark_bases
from aidb.store.indexes.lookup import table_of
from aidb.store.recipes import Recipe, encode_recipe
from aidb.types import Blob, ObjectId
from tests.store.content import made_up_id, noise


@pytest.fixture
def ids(memory_store: ObjectStore) -> list[ObjectId]:
    with memory_store.writer() as writer:
        return [writer.put_chunk(noise(100, number)) for number in range(200)]


def test_each_chunk_is_new_once(memory_store: ObjectStore, ids: list[ObjectId]) -> None:
    marks = memory_store.marks()
    fresh = marks.add(table_of(ids[:50] + ids[:50]), Mark.NEEDED)
    assert sorted(id_.tobytes() for id_ in fresh) == sorted(ids[:50])
    assert sorted(id_.tobytes() for id_ in marks.add(table_of(ids[:60]), Mark.NEEDED)) == sorted(ids[50:60])
    assert (marks.chunks, marks.bytes) == (60, 60 * (100 + COST))
    assert marks.are(table_of(ids), Mark.NEEDED).tolist() == [number < 60 for number in range(200)]
    assert len(marks.add(table_of([]), Mark.NODE)) == 0


def test_roles_are_followed_apart(memory_store: ObjectStore, ids: list[ObjectId]) -> None:
    """A file may have the very bytes of a recipe: having seen it as content says nothing of what it lists."""
    marks = memory_store.marks()
    marks.add(table_of(ids[:1]), Mark.NEEDED)
    assert len(marks.add(table_of(ids[:1]), Mark.RECIPE)) == 1
    assert len(marks.add(table_of(ids[:1]), Mark.NODE)) == 1
    assert len(marks.add(table_of(ids[:1]), Mark.RECIPE)) == 0
    assert marks.chunks == 1


def test_a_file_that_looks_like_a_recipe(memory_store: ObjectStore) -> None:
    with memory_store.writer() as writer:
        blob = writer.put_blob(noise(700_000))
    assert blob.recipe is not None
    marks = memory_store.marks()
    marks.add(table_of([blob.recipe]), Mark.NEEDED)
    memory_store.mark_recipes(marks, [blob.recipe])
    assert marks.chunks == len(set(memory_store.chunk_ids(blob)))


def test_recipes_of_recipes(memory_store: ObjectStore, ids: list[ObjectId]) -> None:
    with memory_store.writer() as writer:
        leaves = [
            writer.put_recipe(
                encode_recipe(Recipe(0, 1, ObjectId(bytes(32)), 1000, ids[n : n + 10], [100] * 10))
            )
            for n in (0, 10, 0)
        ]
        root = writer.put_recipe(encode_recipe(Recipe(1, 1, made_up_id(1), 3000, leaves, [1000] * 3)))
    marks = memory_store.marks()
    memory_store.mark_recipes(marks, [root])
    expected = {*memory_store.chunk_ids(Blob(made_up_id(1), 3000, root))}
    assert marks.chunks == len(expected) == 23


def test_missing(memory_store: ObjectStore, ids: list[ObjectId]) -> None:
    marks = memory_store.marks()
    with pytest.raises(MissingObjectError, match=made_up_id(1).hex()):
        marks.add(table_of([ids[0], made_up_id(1)]), Mark.NEEDED)
    assert not marks.are(table_of([made_up_id(1)]), Mark.NEEDED).any()


def test_what_is_stored_meanwhile_is_found(session: Session) -> None:
    backend = MemoryBackend()
    store = ObjectStore(backend, session.scratch)
    marks = store.marks()
    with ObjectStore(backend, session.scratch).writer() as writer:
        id_ = writer.put_chunk(b"new")
    assert len(marks.add(table_of([id_]), Mark.NEEDED)) == 1


def test_packs_are_divided(memory_store: ObjectStore, ids: list[ObjectId]) -> None:
    with memory_store.writer() as writer:
        meta = [writer.put_chunk(noise(50, number), kind=PackKind.META) for number in range(5)]
    marks = memory_store.marks()
    marks.add(table_of(ids[:30] + meta), Mark.NEEDED)
    divided = {pack.kind: division for pack, division in marks.by_pack().items()}
    assert divided[PackKind.DATA].needed == Amount(30, 30 * (100 + COST))
    assert divided[PackKind.DATA].garbage == Amount(170, 170 * (100 + COST))
    assert divided[PackKind.META] == (Amount(5, 5 * (50 + COST)), Amount(0, 0))


def test_overlapping_merged_indexes_count_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two writers merged at the same moment: some packs are in two indexes, and later twice in one."""
    monkeypatch.setattr("aidb.store.indexes.merging.MERGE_AT", 4)
    backend = MemoryBackend()

    def write(*numbers: int) -> list[ObjectId]:
        ids = []
        for number in numbers:
            with ObjectStore(backend, session.scratch).writer() as writer:
                ids.append(writer.put_chunk(noise(100, number)))
        return ids

    ids = write(*range(3))
    early = ObjectStore(backend, session.scratch)
    assert early.contains(ids) == [True] * 3
    ids += write(3)
    with early.writer() as writer:  # merges what it knows: 0, 1, 2 and its own
        ids.append(writer.put_chunk(noise(100, 99)))
    for more in range(2):
        marks = ObjectStore(backend, session.scratch).marks()
        marks.add(table_of(ids), Mark.NEEDED)
        assert all(division == (Amount(1, 100 + COST), Amount(0, 0)) for division in marks.by_pack().values())
        assert len(marks.by_pack()) == len(ids)
        ids += write(*range(10 + 20 * more, 20 + 20 * more))


def test_bases_of_needed_chunks_are_needed(memory_store: ObjectStore, ids: list[ObjectId]) -> None:
    """3 is a difference to 2, 2 to 1, 1 to 0; 9 to 8."""

    def differences() -> list[Difference]:
        return [
            Difference(table_of([ids[1], ids[9]]), table_of([ids[0], ids[8]])),
            Difference(table_of([ids[2], ids[3]]), table_of([ids[1], ids[2]])),
        ]

    marks = memory_store.marks()
    marks.add(table_of([ids[3], ids[20]]), Mark.NEEDED)
    mark_bases(marks, differences)
    assert np.flatnonzero(marks.are(table_of(ids), Mark.NEEDED)).tolist() == [0, 1, 2, 3, 20]


def test_ids_are_read_back_from_columns(memory_store: ObjectStore, ids: list[ObjectId]) -> None:
    marks = memory_store.marks()
    (segment,) = marks.segments
    table = marks._ids(0, np.arange(segment.columns.rows))
    assert [id_.tobytes() for id_ in table] == sorted(ids)
