"""Files of every size and condition, ingested in order."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.errors import InvalidInputError, RefusedError, StorageError
from aidb.files import Session
from aidb.store import Ingested, MemoryBackend, ObjectStore, Source, StoreWriter
from aidb.store.hashing import hash_bytes
from tests.store.content import KIB, MIB, noise, prose


def source(path: Path, *, look: bool = False) -> Source:
    return Source(os.fsencode(path), path.name, os.lstat(path) if look else None)


def ingest(store: ObjectStore, paths: Sequence[Path], *, look: bool = False) -> list[Ingested]:
    with store.writer() as writer:
        return list(writer.ingest(source(path, look=look) for path in paths))


def write(folder: Path, sizes: Sequence[int]) -> list[Path]:
    paths = []
    for number, size in enumerate(sizes):
        path = folder / f"{number:05}.{'bin' if number % 2 else 'txt'}"
        path.write_bytes(noise(size, number) if number % 2 else prose(size, number))
        paths.append(path)
    return paths


MIXED = [
    0,
    1,
    100,
    64 * KIB,
    64 * KIB + 1,
    MIB,
    10,
    5 * MIB,
    0,
    9 * MIB,
    20 * MIB,
    7,
    4 * MIB,
    4 * MIB + 1,
    *range(700),
]


@pytest.mark.parametrize("look", [False, True])
def test_every_size(store: ObjectStore, tmp_path: Path, look: bool) -> None:
    paths = write(tmp_path, MIXED)
    results = ingest(store, paths, look=look)
    assert [result.key for result in results] == [path.name for path in paths]
    for path, result in zip(paths, results, strict=True):
        data = path.read_bytes()
        assert result.blob is not None
        assert result.stat is not None
        assert (result.blob.id, result.blob.size) == (hash_bytes(data), len(data))
        assert result.stat.st_ino == path.stat().st_ino
        assert not result.changed_while_read
        assert store.read_blob(result.blob) == data
    assert list(store.fsck()) == []


@settings(max_examples=15)
@given(
    st.lists(
        st.one_of(st.integers(0, 200), st.integers(0, 3 * MIB), st.integers(3 * MIB, 10 * MIB)), max_size=12
    )
)
def test_any_mixture(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    folder = tmp_path_factory.mktemp("mixture")
    session = Session(folder / "session")
    store = ObjectStore(MemoryBackend(), session.scratch)
    paths = write(folder, sizes)
    results = ingest(store, paths)
    for path, result in zip(paths, results, strict=True):
        assert result.blob is not None
        assert store.read_blob(result.blob) == path.read_bytes()
        path.unlink()


def test_the_same_blob_by_every_way(store: ObjectStore, tmp_path: Path) -> None:
    """A file of a size that is read at once, as a stream, and as bytes: one blob, one recipe."""
    (path,) = write(tmp_path, [3 * MIB])
    (result,) = ingest(store, [path])
    with store.writer() as writer, path.open("rb") as stream:
        assert writer.put_blob(path.read_bytes()) == result.blob
        assert writer.put_blob(stream) == result.blob
        assert writer.stored_bytes == 0


def test_nothing_to_ingest(store: ObjectStore) -> None:
    assert ingest(store, []) == []


def test_results_come_while_files_are_read(store: ObjectStore, tmp_path: Path) -> None:
    """Bounded memory needs results to flow: they are never more than a few batches behind."""
    path = tmp_path / "file"
    path.write_bytes(noise(1000))
    given_out = 0

    def sources() -> Iterator[Source]:
        nonlocal given_out
        for _ in range(20_000):
            given_out += 1
            yield source(path)

    with store.writer() as writer:
        for received, _ in enumerate(writer.ingest(sources()), 1):
            assert given_out - received <= 7000
    assert received == 20_000


def test_bad_files_do_not_stop_the_others(store: ObjectStore, tmp_path: Path) -> None:
    good = write(tmp_path, [100, 5 * MIB, 200])
    folder, fifo, link = tmp_path / "folder", tmp_path / "fifo", tmp_path / "link"
    folder.mkdir()
    os.mkfifo(fifo)
    link.symlink_to(good[0])
    paths = [tmp_path / "absent", good[0], folder, good[1], fifo, link, good[2], tmp_path / "n\0ul"]
    with store.writer() as writer:
        results = {
            result.key: result
            for result in writer.ingest(Source(os.fsencode(path), path.name) for path in paths)
        }
    assert len(results) == 8
    assert all(results[path.name].blob is not None for path in good)
    errors = {key: result.error for key, result in results.items() if result.error}
    assert errors.keys() == {"absent", "folder", "fifo", "link", "n\0ul"}
    assert isinstance(errors["absent"], StorageError)
    assert errors["absent"].errno == errno.ENOENT
    assert "absent" in errors["absent"].message
    assert isinstance(errors["fifo"], InvalidInputError)
    assert isinstance(errors["folder"], InvalidInputError)
    assert isinstance(errors["link"], StorageError)


@pytest.mark.parametrize("size", [100, 10 * MIB])
def test_something_else_in_place_of_the_file(store: ObjectStore, tmp_path: Path, size: int) -> None:
    """What was a file when it was listed is a FIFO when it is opened: an error, and no waiting."""
    path = tmp_path / "file"
    path.write_bytes(noise(size))
    before = source(path, look=True)
    path.unlink()
    os.mkfifo(path)
    with store.writer() as writer:
        (result,) = writer.ingest([before])
    assert isinstance(result.error, InvalidInputError)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(store: ObjectStore, tmp_path: Path) -> None:
    (path,) = write(tmp_path, [100])
    path.chmod(0)
    (result,) = ingest(store, [path])
    assert isinstance(result.error, StorageError)
    assert result.error.errno == errno.EACCES


@pytest.mark.parametrize("size", [100, 3 * MIB, 10 * MIB])
def test_a_disk_that_fails_while_reading(
    store: ObjectStore, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is named, the others are stored, and the writer goes on: it is not the store's disk."""
    paths = write(tmp_path, [50, size, 60])
    bad = paths[1].stat().st_ino
    monkeypatch.setattr(os, "read", fails_for(bad, os.read))
    monkeypatch.setattr(os, "readv", fails_for(bad, os.readv))
    results = ingest(store, paths)
    monkeypatch.undo()
    assert [result.blob is not None for result in results] == [True, False, True]
    assert isinstance(results[1].error, StorageError)
    assert results[1].error.errno == errno.EIO
    assert paths[1].name in results[1].error.message


def fails_for(inode: int, function: Callable[[int, Any], Any]) -> Callable[[int, Any], Any]:
    def wrapped(fd: int, argument: Any) -> Any:
        if os.fstat(fd).st_ino == inode:
            raise OSError(errno.EIO, "Input/output error")
        return function(fd, argument)

    return wrapped


@pytest.mark.parametrize("size", [100, 3 * MIB, 20 * MIB])
@pytest.mark.parametrize("change", ["truncate", "append", "overwrite", "empty"])
@pytest.mark.parametrize("look", [False, True])
def test_a_file_that_changes_while_it_is_read(
    store: ObjectStore, tmp_path: Path, size: int, change: str, look: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, and whatever was stored is what its id says."""
    (path,) = write(tmp_path, [size])
    wanted = source(path, look=look)
    read, readv = os.read, os.readv
    inode, done = path.stat().st_ino, list[int]()

    def meddle(fd: int) -> None:
        if not done and os.fstat(fd).st_ino == inode:
            done.append(fd)
            inflict(change, path, size)

    def read_after(fd: int, length: int) -> bytes:
        meddle(fd)
        return read(fd, length)

    def read_before(fd: int, views: list[memoryview]) -> int:
        count = readv(fd, views)
        meddle(fd)
        return count

    monkeypatch.setattr(os, "read", read_after)
    monkeypatch.setattr(os, "readv", read_before)
    with store.writer() as writer:
        (result,) = writer.ingest([wanted])
    monkeypatch.undo()
    assert done
    assert result.blob is not None
    reread_at_once = size < 4 * MIB
    assert result.changed_while_read or reread_at_once
    content = store.read_blob(result.blob)
    assert hash_bytes(content) == result.blob.id
    if not result.changed_while_read:
        assert content == path.read_bytes()


def inflict(change: str, path: Path, size: int) -> None:
    with path.open("r+b") as file:
        if change == "truncate":
            file.truncate(size // 2)
        elif change == "empty":
            file.truncate(0)
        elif change == "append":
            file.seek(0, os.SEEK_END)
            file.write(b"more")
        else:
            file.write(b"other bytes")
    os.utime(path, ns=(1, 1))


def test_a_growing_log_has_an_end(store: ObjectStore, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(noise(10 * MIB))
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab") as file:
            while not stop.is_set():
                file.write(b"line\n" * 1000)
                file.flush()

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        (result,) = ingest(store, [path])
    finally:
        stop.set()
        thread.join()
    assert result.changed_while_read
    assert result.blob is not None
    assert result.blob.size < path.stat().st_size
    assert store.read_blob(result.blob) == path.read_bytes()[: result.blob.size]


def test_an_ingest_that_is_abandoned(store: ObjectStore, tmp_path: Path, session: Session) -> None:
    """The loop over the results ends early: what was yielded is kept, nothing goes on behind."""
    paths = write(tmp_path, [1000] * 3000 + [20 * MIB])
    with store.writer() as writer:
        results = writer.ingest(source(path) for path in paths)
        first = [next(results) for _ in range(10)]
    assert all(store.contains([result.blob.id for result in first if result.blob]))
    assert threads_of_ingest() == []
    assert os.listdir(session.scratch()) == []
    with pytest.raises(RefusedError):
        list(results)


def test_an_ingest_whose_consumer_fails(store: ObjectStore, tmp_path: Path, session: Session) -> None:
    paths = write(tmp_path, [1000] * 3000)
    kept: list[Iterator[Ingested]] = []

    def consume(writer: StoreWriter) -> None:
        kept.append(writer.ingest(source(path) for path in paths))
        next(kept[0])
        raise KeyError

    with pytest.raises(KeyError), store.writer() as writer:
        consume(writer)
    assert threads_of_ingest() == []
    assert os.listdir(session.scratch()) == []


def threads_of_ingest() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("aidb")]


def test_a_full_disk_is_not_blamed_on_a_file(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write(tmp_path, [1000] * 2000 + [20 * MIB])

    def writev(fd: int, pieces: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "writev", writev)
    with pytest.raises(StorageError, match="writing a pack failed"):
        ingest(store, paths)


def test_names_in_no_encoding(store: ObjectStore, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe\n.txt"
    with open(path, "wb") as file:
        file.write(b"content")
    with store.writer() as writer:
        good, bad = writer.ingest([Source(path), Source(path + b"x")])
    assert good.blob is not None
    assert bad.error is not None
    assert bad.error.message.isprintable()
