"""Chunks stored as differences: what they need is kept, whoever needs them, and the copy that others rely on stays."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aidb.files import Session
from aidb.progress import SILENT
from aidb.store import ObjectStore, PackKind
from aidb.store.deltas import MAX_DEPTH, Base
from aidb.store.garbage.marks import Mark
from aidb.store.hashing import hash_bytes
from aidb.store.indexes.lookup import table_of
from aidb.types import ObjectId
from tests.store.content import weights
from tests.store.garbage.test_collecting import collect, now
from tests.store.test_deltas import DATA, IDS, alone, delta, model, plant, put


@pytest.fixture
def scratch(session: Session) -> Path:
    return session.scratch()


def only(store: ObjectStore, *needed: ObjectId, threshold: float = 0.0) -> None:
    """Collect everything that these do not need, and delete it."""
    store.collector().delete(collect(store, list(needed), threshold).packs)


@pytest.mark.parametrize("apart", [False, True])
def test_a_whole_chain_is_kept(
    store: ObjectStore, scratch: Path, reopen: Callable[[], ObjectStore], apart: bool
) -> None:
    chain = [alone(DATA[0]), *(delta(DATA[at], DATA[at - 1], at) for at in range(1, MAX_DEPTH + 1))]
    for chunks in [[each] for each in chain] if apart else [chain]:
        plant(store, scratch, *chunks)
    only(store, IDS[4])
    fresh = reopen()
    assert fresh.contains(IDS) == [at <= 4 for at in range(len(IDS))]
    assert [fresh.read_chunk(IDS[at]) for at in range(5)] == DATA[:5]
    assert list(fresh.fsck()) == []


def test_a_series_of_checkpoints(store: ObjectStore, reopen: Callable[[], ObjectStore]) -> None:
    blobs = [put(store, model(0))]
    for step in range(1, 6):
        blobs.append(put(store, model(step), blobs[-1]))
    needed = list(store.chunk_ids(blobs[-1]))
    only(store, *needed)
    fresh = reopen()
    assert fresh.read_blob(blobs[-1]) == model(5)
    assert fresh.usage().chunks < 0.8 * 6 * len(needed)
    assert list(fresh.fsck()) == []


def test_what_nobody_needs_keeps_its_base_while_it_stays(
    store: ObjectStore, scratch: Path, reopen: Callable[[], ObjectStore]
) -> None:
    """A difference lies in a pack that is nearly all in use: without its base it would look damaged."""
    plant(store, scratch, alone(DATA[0]))
    plant(
        store,
        scratch,
        alone(DATA[5]),
        alone(DATA[6]),
        alone(DATA[7]),
        alone(DATA[8]),
        delta(DATA[1], DATA[0], 1),
    )
    only(store, *IDS[5:9], threshold=0.25)
    fresh = reopen()
    assert fresh.contains([IDS[0], IDS[1]]) == [True, True]
    assert list(fresh.fsck()) == []
    only(reopen(), *IDS[5:9])
    assert reopen().contains(IDS[:2]) == [False, False]


def test_what_is_young_keeps_its_base(
    store: ObjectStore, scratch: Path, folder: Path, reopen: Callable[[], ObjectStore]
) -> None:
    plant(store, scratch, alone(DATA[0]))
    for path in (folder / "packs").iterdir():
        os.utime(path, (1, 1))
    plant(store, scratch, delta(DATA[1], DATA[0], 1))
    marks = store.marks()
    assert not store.plan_collection(marks, time.time() - 3600, 0.25).condemned
    assert marks.are(table_of(IDS[:2]), Mark.NEEDED).tolist() == [True, False]


@pytest.mark.parametrize("deep_first", [False, True])
@pytest.mark.parametrize("stays", ["deep", "shallow", "none"])
def test_of_two_copies_the_one_that_others_rely_on_stays(
    store: ObjectStore,
    scratch: Path,
    folder: Path,
    reopen: Callable[[], ObjectStore],
    deep_first: bool,
    stays: str,
) -> None:
    """1 is stored by itself and as a difference of depth 2; 2 is a difference of depth 1 to it."""
    deep = [delta(DATA[1], DATA[4], 2), delta(DATA[4], DATA[0], 1), alone(DATA[0])]
    shallow = [alone(DATA[1]), alone(DATA[6])]
    paths: dict[str, Path] = {}
    for name in ("deep", "shallow") if deep_first else ("shallow", "deep"):
        before = set((folder / "packs").glob("*"))
        plant(store, scratch, *(deep if name == "deep" else shallow))
        (paths[name],) = set((folder / "packs").glob("*")) - before
    plant(store, scratch, delta(DATA[2], DATA[1], 1), alone(DATA[7]))
    for name, path in paths.items():
        if name != stays:
            os.utime(path, (1, 1))
    fresh = reopen()
    marks = fresh.marks()
    marks.add(table_of([IDS[2]]), Mark.NEEDED)
    cutoff = time.time() - 3600
    plan = fresh.plan_collection(marks, cutoff, 0.0)
    done = fresh.collector().collect(marks, plan, cutoff=cutoff, now=now(), progress=SILENT)
    fresh.collector().delete(done.packs)
    last = reopen()
    assert last.read_chunk(IDS[2]) == DATA[2]
    assert list(last.fsck()) == []


def test_a_base_in_quarantine_comes_back(
    store: ObjectStore, scratch: Path, reopen: Callable[[], ObjectStore]
) -> None:
    plant(store, scratch, alone(DATA[0]))
    plant(store, scratch, delta(DATA[1], DATA[0], 1))
    plant(store, scratch, delta(DATA[2], DATA[1], 2))
    packs = sorted(store.packs())
    for number, pack in enumerate(packs):
        store.backend.move(pack.key, f"quarantine/2026110{number + 1}T000000000000Z-aaaa.{pack}")
    assert reopen().read_chunk(IDS[2]) == DATA[2]
    assert {position: bytes(data) for position, data in reopen().read_chunks([IDS[2]])} == {0: DATA[2]}


def test_a_writer_keeps_the_bases_it_used(store: ObjectStore, reopen: Callable[[], ObjectStore]) -> None:
    """They were garbage, and were set aside after they were read and before the writer flushed."""
    old, new = (weights(1 << 18, 0, step, "BF16") for step in range(2))
    with store.writer() as writer:
        base = Base(writer.put_chunk(old), 2)
    id_ = hash_bytes(new)
    with reopen().writer() as writer:
        writer.store_chunks(PackKind.DATA, [id_], [new], [b""], [base])
        collect(store, [])
        assert store.quarantined()
    assert not store.quarantined()
    fresh = reopen()
    assert [each.base for each in fresh.dependencies()] == [base.id]
    assert fresh.read_chunk(id_) == new


def test_a_base_belongs_to_whoever_needs_it(store: ObjectStore, scratch: Path) -> None:
    """1 and 3 are differences to 0, 2 is one to 1."""
    plant(store, scratch, alone(DATA[0]), delta(DATA[1], DATA[0], 1), delta(DATA[3], DATA[0], 1))
    plant(store, scratch, delta(DATA[2], DATA[1], 2))
    for needs, alone_chunks in (
        (([2], [3]), {1: 2, 2: 1}),
        (([2], [1]), {1: 1}),
        (([1], [2]), {2: 1}),
        (([2], []), {1: 3}),
    ):
        owners = store.owners()
        for owner, numbers in enumerate(needs, start=1):
            owners.owner = owner
            owners.add(table_of([IDS[number] for number in numbers]), Mark.NEEDED)
        store.mark_bases(owners)
        assert {owner: amount.chunks for owner, amount in owners.exclusive().items()} == alone_chunks
