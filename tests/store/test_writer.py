"""What a writer promises: nothing twice, nothing half, nothing visible before its time, nothing left behind."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aidb.errors import InvalidInputError, MissingObjectError, RefusedError, StorageError
from aidb.files import Session
from aidb.store import FaultyBackend, MemoryBackend, ObjectStore, PackKind
from aidb.store.backends.faulty import fail_at
from aidb.store.hashing import hash_bytes
from aidb.store.packs import pack_writer
from tests.store.content import KIB, MIB, made_up_id, noise, prose

FULL = OSError(errno.ENOSPC, "No space left on device")


def packs_on_disk(folder: Path) -> list[str]:
    return sorted(os.listdir(folder / "packs")) if (folder / "packs").exists() else []


def test_put_and_read(store: ObjectStore) -> None:
    with store.writer() as writer:
        ids = [writer.put_chunk(noise(size, size)) for size in range(0, 5000, 50)]
    assert [store.read_chunk(id_) for id_ in ids] == [noise(size, size) for size in range(0, 5000, 50)]
    assert ids[3] == hash_bytes(noise(150, 150))


def test_kinds_have_packs_of_their_own(store: ObjectStore, folder: Path) -> None:
    with store.writer() as writer:
        writer.put_chunk(b"content")
        writer.put_chunk(b"node", kind=PackKind.META)
        writer.put_blob(noise(MIB))
    assert [Path(name).suffix for name in packs_on_disk(folder)].count(".meta") == 1
    assert len(packs_on_disk(folder)) == 2
    by_kind = store.usage().by_kind
    assert by_kind[PackKind.META].chunks == 2
    assert by_kind[PackKind.DATA].raw_bytes == MIB + 7


def test_nothing_is_stored_twice(store: ObjectStore, reopen: Callable[[], ObjectStore]) -> None:
    for target in (store, store, reopen()):
        with target.writer() as writer:
            for _ in range(3):
                for number in range(100):
                    writer.put_chunk(b"chunk %d" % number)
                writer.put_blob(noise(300 * KIB))
                writer.flush()
    assert store.usage().total.raw_bytes == reopen().usage().total.raw_bytes
    assert reopen().usage().by_kind[PackKind.DATA].raw_bytes == 300 * KIB + 790


def test_nothing_new_writes_nothing(store: ObjectStore, folder: Path) -> None:
    for _ in range(2):
        with store.writer() as writer:
            writer.put_chunk(b"same")
            writer.flush()
            writer.flush()
        assert len(packs_on_disk(folder)) == 1


def test_flush_makes_visible(store: ObjectStore, reopen: Callable[[], ObjectStore]) -> None:
    other = reopen()
    with store.writer() as writer:
        id_ = writer.put_chunk(b"data")
        with pytest.raises(MissingObjectError):
            other.read_chunk(id_)
        writer.flush()
        assert other.read_chunk(id_) == b"data"
        assert store.contains([id_]) == [True]


def test_an_exception_leaves_nothing(store: ObjectStore, folder: Path, session: Session) -> None:
    writer = store.writer()
    with contextlib.suppress(KeyError), writer:
        writer.put_blob(noise(3 * MIB))
        writer.put_chunk(b"x", kind=PackKind.META)
        raise KeyError
    assert packs_on_disk(folder) == []
    assert os.listdir(session.scratch()) == []


def test_what_was_flushed_survives_an_exception(store: ObjectStore) -> None:
    with contextlib.suppress(KeyError), store.writer() as writer:
        first = writer.put_chunk(b"first")
        writer.flush()
        second = writer.put_chunk(b"second")
        raise KeyError
    assert store.contains([first, second]) == [True, False]


def test_a_closed_writer_refuses(store: ObjectStore) -> None:
    writer = store.writer()
    writer.close()
    writer.close()
    writer.discard()
    for attempt in (lambda: writer.put_chunk(b"x"), lambda: writer.put_blob(b"x"), writer.flush):
        with pytest.raises(RefusedError):
            attempt()


def test_too_large_a_chunk(store: ObjectStore) -> None:
    with store.writer() as writer:
        writer.put_chunk(bytes(16 * MIB))
        with pytest.raises(InvalidInputError):
            writer.put_chunk(bytes(16 * MIB + 1))


def test_large_input_makes_several_packs(
    store: ObjectStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_writer, "TARGET_SIZE", MIB)
    with store.writer() as writer:
        blob = writer.put_blob(noise(30 * MIB))
        again = writer.put_blob(noise(30 * MIB))
        writer.flush()
        assert writer.stored_bytes < 31 * MIB
    assert blob == again
    assert len(packs_on_disk(folder)) >= 4
    assert store.read_blob(blob) == noise(30 * MIB)
    assert list(store.fsck()) == []


def test_many_chunks_make_several_packs(
    store: ObjectStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_writer, "TARGET_RECORDS", 1000)
    with store.writer() as writer:
        ids = [writer.put_chunk(b"%d" % number) for number in range(5000)]
    assert len(packs_on_disk(folder)) == 5
    assert all(store.contains(ids))


def test_indexes_are_merged(
    store: ObjectStore, folder: Path, reopen: Callable[[], ObjectStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aidb.store.indexes.merging.MERGE_AT", 4)
    ids = []
    for number in range(60):
        with store.writer() as writer:
            ids.append(writer.put_chunk(b"%d" % number))
    assert len(packs_on_disk(folder)) == 60
    assert 1 <= len(os.listdir(folder / "indexes")) <= 6
    for each in (store, reopen()):
        assert all(each.contains(ids))
        assert len(each._view.segments) <= 10
        assert [each.read_chunk(id_) for id_ in ids] == [b"%d" % number for number in range(60)]
    for name in os.listdir(folder / "indexes"):
        (folder / "indexes" / name).unlink()
    assert all(reopen().contains(ids))


def test_compression_can_be_switched_off(folder: Path, session: Session) -> None:
    store = ObjectStore.open(folder, session, compress=False)
    with store.writer() as writer:
        writer.put_blob(prose(MIB))
    assert store.usage().total.stored_bytes == store.usage().total.raw_bytes


def test_compression(store: ObjectStore) -> None:
    with store.writer() as writer:
        blob = writer.put_blob(prose(MIB), name_hint="words.txt")
    assert store.usage().total.stored_bytes < MIB / 2
    assert store.read_blob(blob) == prose(MIB)


@pytest.mark.parametrize("number", range(4))
def test_a_failing_backend(session: Session, number: int) -> None:
    """Whatever call fails, the writer says so, writes no more, and another writer can do it all again."""
    backend = FaultyBackend(MemoryBackend())
    store = ObjectStore(backend, session.scratch)
    with store.writer() as writer:
        old = writer.put_chunk(b"old")
    backend._plan = fail_at(number, FULL, "put", "sync")
    for _ in range(2):
        with contextlib.suppress(StorageError), store.writer() as writer:
            new = [writer.put_chunk(b"new"), writer.put_chunk(b"node", kind=PackKind.META)]
            writer.put_blob(noise(MIB))
        assert os.listdir(session.scratch()) == []
    fresh = ObjectStore(backend, session.scratch)
    assert [fresh.read_chunk(id_) for id_ in [old, *new]] == [b"old", b"new", b"node"]
    assert list(fresh.fsck()) == []


def test_after_a_failure_nothing_more_is_promised(session: Session) -> None:
    store = ObjectStore(FaultyBackend(MemoryBackend(), fail_at(0, FULL, "put")), session.scratch)
    writer = store.writer()
    writer.put_chunk(b"x")
    with pytest.raises(StorageError):
        writer.flush()
    for attempt in (lambda: writer.put_chunk(b"x"), writer.flush, writer.close):
        with pytest.raises(StorageError, match="no space"):
            attempt()
    writer.discard()
    assert os.listdir(session.scratch()) == []


def test_a_full_disk_while_writing_a_pack(
    store: ObjectStore, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def writev(fd: int, pieces: object) -> int:
        raise FULL

    writer = store.writer()
    blob = writer.put_blob(noise(MIB))
    monkeypatch.setattr(os, "writev", writev)
    with pytest.raises(StorageError), writer:
        writer.put_blob(noise(MIB, seed=1))
    monkeypatch.undo()
    assert os.listdir(session.scratch()) == []
    with store.writer() as writer:
        assert writer.put_blob(noise(MIB)) == blob
    assert store.read_blob(blob) == noise(MIB)


def test_read_chunks(store: ObjectStore) -> None:
    """Any order, repeats, both kinds, several packs; adjacent ones come from one read."""
    contents = [noise(size * 37 % 9000, size) for size in range(400)]
    ids = []
    for half in (contents[:200], contents[200:]):
        with store.writer() as writer:
            ids += [
                writer.put_chunk(data, kind=PackKind.META if len(data) % 3 else PackKind.DATA)
                for data in half
            ]
    for asked in (ids[::-1], ids[5:10], [ids[7]] * 3, ids + ids, []):
        got = {position: bytes(data) for position, data in store.read_chunks(asked)}
        assert got == {position: contents[ids.index(id_)] for position, id_ in enumerate(asked)}


def test_read_chunks_reads_neighbours_at_once(session: Session) -> None:
    backend = FaultyBackend(MemoryBackend())
    store = ObjectStore(backend, session.scratch)
    with store.writer() as writer:
        ids = [writer.put_chunk(noise(1000, number)) for number in range(1000)]
    store.contains(ids)
    backend.calls.clear()
    assert len(list(store.read_chunks(ids))) == 1000
    assert len(backend.calls) == 1


@pytest.mark.parametrize("count", [1, 200])
def test_missing_chunks(store: ObjectStore, count: int) -> None:
    with store.writer() as writer:
        there = writer.put_chunk(b"there")
    absent = [made_up_id(number) for number in range(count)]
    with pytest.raises(MissingObjectError) as caught:
        list(store.read_chunks([there, *absent]))
    assert absent[0].hex() in caught.value.message
    assert store.contains([there, *absent]) == [True] + [False] * count


def test_prefixes(store: ObjectStore) -> None:
    with store.writer() as writer:
        ids = [writer.put_chunk(b"%d" % number) for number in range(3000)]
    assert store.resolve_prefix(ids[5].hex()) == [ids[5]]
    assert store.resolve_prefix(ids[5].hex()[:21].upper()) == [ids[5]]
    assert store.resolve_prefix(made_up_id(1).hex()) == []
    short = ids[7].hex()[:4]
    assert store.resolve_prefix(short) == sorted(id_ for id_ in ids if id_.hex().startswith(short))
    for bad in ("", "abc", "xyzw", "0" * 65):
        with pytest.raises(InvalidInputError):
            store.resolve_prefix(bad)


def test_dedup_under_edits(store: ObjectStore) -> None:
    """A few bytes changed, inserted or removed in a large file cost a few chunks."""
    original = noise(24 * MIB)
    with store.writer() as writer:
        writer.put_blob(original)
    for edited in (
        original[: 9 * MIB] + b"inserted" + original[9 * MIB :],
        original[: 5 * MIB] + original[5 * MIB + 1000 :],
        b"?" + original[1:],
        original + b"appended",
    ):
        with store.writer() as writer:
            blob = writer.put_blob(edited)
            writer.flush()
            assert writer.stored_bytes < 3 * MIB
        assert store.read_blob(blob) == edited
