"""Blobs put in and got back: as bytes, as streams, as files; and lies about them."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.errors import DamagedObjectError, InvalidInputError, MissingObjectError
from aidb.files import Session
from aidb.store import BlobReader, MemoryBackend, ObjectStore
from aidb.store.recipes import Recipe, encode_recipe
from aidb.types import Blob, ObjectId
from tests.store.content import KIB, MIB, made_up_id, noise, prose

SIZES = [0, 1, 1000, 64 * KIB, 64 * KIB + 1, MIB, 5 * MIB + 3, 20 * MIB + 7]


def put(store: ObjectStore, data: bytes) -> Blob:
    with store.writer() as writer:
        return writer.put_blob(data)


def copy(store: ObjectStore, blob: Blob, path: Path) -> bytes:
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        store.copy_blob(blob, fd)
    finally:
        os.close(fd)
    return path.read_bytes()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("make", [noise, prose])
def test_every_way_in_and_out(
    store: ObjectStore, tmp_path: Path, size: int, make: Callable[[int], bytes]
) -> None:
    data = make(size)
    blob = put(store, data)
    assert blob.id == blake3(data).digest()
    assert blob.size == size
    assert blob.recipe is None if size <= 64 * KIB else blob.recipe or size < MIB
    with store.writer() as writer:
        assert writer.put_blob(io.BytesIO(data)) == blob
        assert writer.put_blob(OnlyRead(data)) == blob
    assert store.read_blob(blob) == data
    assert copy(store, blob, tmp_path / "out") == data
    with io.BufferedReader(store.open_blob(blob)) as stream:
        assert stream.read() == data


class OnlyRead(io.BytesIO):
    """A stream without `readinto`, that gives a little at a time."""

    readinto = None  # type: ignore[assignment]

    def __init__(self, data: bytes) -> None:
        self._inner = io.BytesIO(data)

    def read(self, size: int | None = -1) -> bytes:
        return self._inner.read(min(size or 0, 100_000))

    def __getattribute__(self, name: str) -> object:
        if name == "readinto":
            raise AttributeError(name)
        return super().__getattribute__(name)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[ObjectStore, Blob, bytes]:
    session = Session(tmp_path_factory.mktemp("session"))
    store = ObjectStore(MemoryBackend(), session.scratch)
    data = noise(6 * MIB)
    return store, put(store, data), data


@settings(max_examples=50)
@given(st.data())
def test_seek_and_read(large: tuple[ObjectStore, Blob, bytes], drawn: st.DataObject) -> None:
    """The same as an `io.BytesIO` with the same bytes, whatever is asked."""
    store, blob, data = large
    stream, model = io.BufferedReader(store.open_blob(blob), 1000), io.BytesIO(data)
    for _ in range(drawn.draw(st.integers(1, 8))):
        offset = drawn.draw(st.integers(0, len(data) + 1000))
        length = drawn.draw(st.one_of(st.integers(0, 5000), st.integers(0, 2 * MIB)))
        assert stream.seek(offset) == model.seek(offset)
        assert stream.read(length) == model.read(length)
        assert stream.tell() == model.tell()


def test_whence(large: tuple[ObjectStore, Blob, bytes]) -> None:
    store, blob, data = large
    reader = store.open_blob(blob)
    assert reader.seek(-10, io.SEEK_END) == len(data) - 10
    assert reader.read() == data[-10:]
    assert reader.read(5) == b""
    assert reader.seek(-5, io.SEEK_CUR) == len(data) - 5
    for offset, whence in ((-1, io.SEEK_SET), (0, 7)):
        with pytest.raises(InvalidInputError):
            reader.seek(offset, whence)
    assert reader.readable()
    assert reader.seekable()
    assert not reader.writable()
    reader.close()
    with pytest.raises(ValueError, match="closed"):
        reader.read(1)


def test_reading_a_little_reads_little(large: tuple[ObjectStore, Blob, bytes]) -> None:
    store, blob, data = large
    reader = store.open_blob(blob)
    reader.seek(3 * MIB)
    assert reader.read(10) == data[3 * MIB : 3 * MIB + 10]
    assert held(reader) <= MIB


def test_reading_everything_holds_little(large: tuple[ObjectStore, Blob, bytes]) -> None:
    store, blob, data = large
    reader = store.open_blob(blob)
    pieces = []
    while piece := reader.read(100_000):
        pieces.append(piece)
        assert held(reader) <= 6 * MIB
    assert b"".join(pieces) == data


def held(reader: BlobReader) -> int:
    return sum(map(len, reader._held.values()))


def test_a_copy_replaces_what_was_longer(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"x" * 30 * MIB)
    for size in (20 * MIB, 200 * KIB, 10, 0):
        data = noise(size)
        assert copy(store, put(store, data), tmp_path / "out") == data


def test_chunk_ids(store: ObjectStore) -> None:
    small, large = put(store, b"small"), put(store, noise(3 * MIB))
    assert list(store.chunk_ids(small)) == [small.id]
    parts = list(store.chunk_ids(large))
    assert parts[0] == large.recipe
    assert b"".join(store.read_chunk(id_) for id_ in parts[1:]) == noise(3 * MIB)


@pytest.fixture
def damaged(store: ObjectStore) -> list[Blob]:
    """Blobs that lie in every way a manifest or a recipe can."""
    honest = put(store, noise(3 * MIB))
    tree = list(store.chunk_ids(honest))[1:]
    sizes = [len(store.read_chunk(id_)) for id_ in tree]
    swapped = sizes[1], sizes[0], *sizes[2:]
    with store.writer() as writer:
        lying = writer.put_recipe(encode_recipe(Recipe(0, 1, honest.id, honest.size, tree, swapped)))
        missing = writer.put_recipe(encode_recipe(Recipe(0, 1, honest.id, 10, [made_up_id(1)], (10,))))
        junk = writer.put_recipe(b"this is no recipe")
        short = writer.put_chunk(b"short")
    return [
        honest._replace(recipe=lying),
        honest._replace(recipe=missing, size=10),
        honest._replace(recipe=junk),
        honest._replace(recipe=made_up_id(2)),
        honest._replace(recipe=tree[0]),
        honest._replace(size=honest.size + 1),
        Blob(made_up_id(3), 5, None),
        Blob(short, 6, None),
    ]


def test_lies_are_refused(store: ObjectStore, damaged: list[Blob], tmp_path: Path) -> None:
    for blob in damaged:
        with pytest.raises((DamagedObjectError, MissingObjectError)):
            store.read_blob(blob)
        with pytest.raises((DamagedObjectError, MissingObjectError)):
            copy(store, blob, tmp_path / "out")


def test_a_huge_claim_costs_nothing(store: ObjectStore) -> None:
    """A manifest may say that a blob has an exabyte; nobody allocates it to find out."""
    with store.writer() as writer:
        chunk = writer.put_chunk(b"tiny")
    for blob in (
        Blob(chunk, 1 << 60, None),
        Blob(chunk, 1 << 60, chunk),
        Blob(ObjectId(chunk), 1 << 70, None),
    ):
        with pytest.raises(DamagedObjectError):
            store.read_blob(blob)
