"""Damage done to packs on a disk: found, named, read around where that is possible, never handed out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aidb.errors import DamagedObjectError, IntegrityError, MissingObjectError
from aidb.store import Damage, ObjectStore, PackKind
from aidb.types import ObjectId
from tests.store.content import KIB, noise

CONTENTS = [noise(1000 + number, number) for number in range(100)]


@pytest.fixture
def ids(store: ObjectStore) -> list[ObjectId]:
    """The chunks of one pack, in its order."""
    with store.writer() as writer:
        return [writer.put_chunk(data) for data in CONTENTS]


@pytest.fixture
def pack(folder: Path, ids: list[ObjectId]) -> Path:
    (path,) = (folder / "packs").iterdir()
    path.chmod(0o644)
    return path


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def readable(store: ObjectStore, ids: list[ObjectId]) -> set[ObjectId]:
    """The chunks that can be read; what can is right."""
    good = set()
    for number, id_ in enumerate(ids):
        try:
            data = store.read_chunk(id_)
        except IntegrityError:
            continue
        assert data == CONTENTS[number]
        good.add(id_)
    return good


def lost(damages: list[Damage]) -> set[ObjectId]:
    return {damage.chunk for damage in damages if damage.chunk is not None}


def test_nothing_is_wrong(store: ObjectStore, ids: list[ObjectId]) -> None:
    assert list(store.fsck()) == []


def test_an_empty_store(store: ObjectStore) -> None:
    assert list(store.fsck()) == []
    assert store.packs() == []


def test_a_flipped_byte_of_content(store: ObjectStore, ids: list[ObjectId], pack: Path) -> None:
    flip(pack, pack.read_bytes().index(CONTENTS[7]) + 500)
    (damage,) = store.fsck()
    assert damage.chunk == ids[7]
    assert damage.file == f"packs/{pack.name}"
    assert ids[7].hex() in damage.problem
    assert readable(store, ids) == set(ids) - {ids[7]}
    with pytest.raises(DamagedObjectError) as caught:
        store.read_chunk(ids[7])
    assert pack.name in caught.value.message
    assert "aidb fsck" in caught.value.hints[0]
    with pytest.raises(DamagedObjectError):
        list(store.read_chunks(ids))


def test_a_good_copy_elsewhere(
    store: ObjectStore, ids: list[ObjectId], pack: Path, reopen: Callable[[], ObjectStore], folder: Path
) -> None:
    aside = pack.rename(folder / "aside")
    with reopen().writer() as writer:
        writer.put_chunk(CONTENTS[7])
    aside.rename(pack)
    flip(pack, pack.read_bytes().index(CONTENTS[7]) + 500)
    for each in (store, reopen()):
        assert readable(each, ids) == set(ids)
        assert {position: bytes(data) for position, data in each.read_chunks(ids)} == dict(
            enumerate(CONTENTS)
        )
        (damage,) = each.fsck()
        assert damage.chunk is None
        assert "another pack has a good one" in damage.problem


def test_every_byte_matters(
    store: ObjectStore, ids: list[ObjectId], pack: Path, reopen: Callable[[], ObjectStore]
) -> None:
    """A flip anywhere is noticed, and costs at most the one chunk it is in."""
    data = pack.read_bytes()
    spots = [*range(120), *range(1000, len(data), 1511), *range(len(data) - 70, len(data))]
    for position in spots:
        flip(pack, position)
        fresh = reopen()
        damages = list(fresh.fsck())
        assert damages, position
        assert len(lost(damages)) <= 1
        assert readable(fresh, ids) >= set(ids) - lost(damages)
        fresh.close()
        pack.write_bytes(data)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.97, 0.9999])
def test_a_truncated_pack(
    ids: list[ObjectId], pack: Path, reopen: Callable[[], ObjectStore], share: float
) -> None:
    """What comes before the cut can be read; if only the index is cut, everything."""
    data = pack.read_bytes()
    os.truncate(pack, int(share * len(data)))
    store = reopen()
    left = {id_ for id_, content in zip(ids, CONTENTS, strict=True) if content in pack.read_bytes()}
    assert readable(store, ids) == left
    damages = list(store.fsck())
    assert damages
    assert {damage.file for damage in damages} == {f"packs/{pack.name}"}
    if len(left) == len(ids):
        assert any("can be rebuilt" in damage.problem for damage in damages)
    missing = next((id_ for id_ in ids if id_ not in left), None)
    if missing is not None:
        with pytest.raises(MissingObjectError, match="damaged"):
            store.read_chunk(missing)


def test_a_pack_cut_under_an_open_store(store: ObjectStore, ids: list[ObjectId], pack: Path) -> None:
    assert readable(store, ids) == set(ids)
    os.truncate(pack, 50 * KIB)
    left = {id_ for id_, content in zip(ids, CONTENTS, strict=True) if content in pack.read_bytes()}
    assert readable(store, ids) == left
    with pytest.raises(IntegrityError):
        list(store.read_chunks(ids))


@pytest.fixture
def merged(store: ObjectStore, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[ObjectId]:
    """Chunks in a hundred packs with a merged index."""
    monkeypatch.setattr("aidb.store.indexes.merging.MERGE_AT", 20)
    ids = []
    for data in CONTENTS:
        with store.writer() as writer:
            ids.append(writer.put_chunk(data))
    assert len(os.listdir(folder / "packs")) == 100
    return ids


def test_a_missing_pack_is_remembered_by_a_merged_index(
    merged: list[ObjectId], folder: Path, reopen: Callable[[], ObjectStore]
) -> None:
    removed = sorted((folder / "packs").iterdir())[:3]
    for path in removed:
        path.unlink()
    store = reopen()
    damages = list(store.fsck())
    assert {damage.file for damage in damages} == {f"packs/{path.name}" for path in removed}
    gone = lost(damages)
    assert len(gone) == 3
    assert readable(store, merged) == set(merged) - gone
    with pytest.raises(MissingObjectError):
        list(store.read_chunks(merged))


@pytest.mark.parametrize("how", ["flip", "cut", "empty", "junk"])
def test_a_damaged_merged_index(
    merged: list[ObjectId], folder: Path, reopen: Callable[[], ObjectStore], how: str
) -> None:
    """It is derived: nothing is lost, fsck tells, and the next merge replaces it."""
    indexes = list((folder / "indexes").iterdir())
    for path in indexes:
        path.chmod(0o644)
        data = path.read_bytes()
        for position in range(40, len(data), 97) if how == "flip" else ():
            flip(path, position)
        if how != "flip":
            path.write_bytes({"cut": data[:-10], "empty": b"", "junk": noise(len(data))}[how])
    store = reopen()
    assert {position: bytes(data) for position, data in store.read_chunks(merged)} == dict(
        enumerate(CONTENTS)
    )
    assert readable(reopen(), merged) == set(merged)
    damages = list(store.fsck())
    assert {damage.file for damage in damages} == {f"indexes/{path.name}" for path in indexes}
    assert not lost(damages)
    with store.writer() as writer:
        writer.put_chunk(b"one more")
    assert list(reopen().fsck()) == []


def test_both_kinds(store: ObjectStore, folder: Path) -> None:
    with store.writer() as writer:
        node = writer.put_chunk(b"node" * 100, kind=PackKind.META)
    (path,) = (folder / "packs").iterdir()
    path.chmod(0o644)
    flip(path, 70)
    (damage,) = store.fsck()
    assert damage.chunk == node
    assert damage.file.endswith(".meta")


def test_strangers_in_the_folder_are_left_alone(
    store: ObjectStore, ids: list[ObjectId], folder: Path
) -> None:
    (folder / "packs" / "README").write_text("hello")
    (folder / "packs" / "deep").mkdir()
    (folder / "packs" / ("0" * 64 + ".data")).mkdir()
    (folder / "indexes").mkdir(exist_ok=True)
    (folder / "indexes" / "x.idx").write_text("hello")
    assert readable(store, ids) == set(ids)


def test_a_pack_under_another_name(store: ObjectStore, ids: list[ObjectId], pack: Path, folder: Path) -> None:
    """A name that the content does not vouch for."""
    pack.rename(pack.with_name("0" * 64 + ".data"))
    assert list(store.fsck())
    assert readable(store, ids) == set(ids)
