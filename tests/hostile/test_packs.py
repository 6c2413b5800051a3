"""Packs made by an attacker: bombs, lies about lengths, content that is not what it is called, impossible recipes."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from blake3 import blake3

import aidb
from aidb.errors import AidbError, IntegrityError
from aidb.store import PackKind
from aidb.store.codecs import Codec
from aidb.store.deltas import HEAD, delta_codec
from aidb.store.packs.pack_writer import Encoded, PackWriter
from aidb.store.recipes import Recipe, encode_recipe
from aidb.types import Entry, Kind, ObjectId
from tests.faults.command import PROJECT
from tests.hostile.forge import forged_leaf, publish, store_node


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[aidb.Repository]:
    with aidb.init(tmp_path / "repo") as repo:
        (repo.root / "keep.txt").write_text("mine\n")
        repo.add(["."])
        repo.commit("start")
        yield repo


def plant(repo: aidb.Repository, *chunks: Encoded) -> None:
    """Put a pack with these records, as they are, into the store."""
    writer = PackWriter(repo.session.scratch(), PackKind.DATA)
    writer.append(chunks)
    pack, _ = writer.seal()
    writer.path.rename(repo.folder / "store" / pack.key)


def publish_file(repo: aidb.Repository, blob: ObjectId, size: int, recipe: ObjectId | None = None) -> None:
    """A branch `evil` with one file `a`."""
    leaf = store_node(repo, forged_leaf([(b"a", Entry(Kind.FILE, size, blob, recipe))]))
    publish(repo, "evil", leaf, size=size)


def id_of(data: bytes) -> ObjectId:
    return ObjectId(blake3(data).digest())


def check_refused(root: Path, *, sound: bool = False) -> None:
    """Reading fails cleanly, by all ways, and fsck says so (if nothing is `sound` by itself).

    A workspace gets the rest of the version, not the file.
    """
    with aidb.open(root) as repo:
        assert repo.fsck().ok == sound
        _check_fails(repo, lambda: repo.at("evil").read("a"))
        _check_fails(repo, lambda: repo.at("evil").open("a").read())
        _check_fails(repo, lambda: repo.switch("evil"))
        repo.switch("main")
        _check_fails(repo, lambda: repo.merge("evil"))


def _check_fails(repo: aidb.Repository, attempt: Callable[[], object]) -> None:
    with pytest.raises(AidbError):
        attempt()
    assert not (repo.root / "a").exists()


BOMB = zstandard.ZstdCompressor(level=1).compress(bytes(1 << 30))
SMALL = b"x" * 1000


@pytest.mark.parametrize("raw_length", [100, 1000, 16 << 20, (1 << 32) - 1])
def test_decompression_bombs(repo: aidb.Repository, raw_length: int) -> None:
    """A gigabyte in a frame of some kilobytes, whatever length the record gives for it: no memory is spent on it."""
    plant(repo, Encoded(id_of(SMALL), raw_length, Codec.ZSTD, BOMB))
    publish_file(repo, id_of(SMALL), raw_length)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    check_refused(repo.root)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10


@pytest.mark.parametrize("raw_length", [1000, 16 << 20])
def test_decompression_bombs_in_deltas(repo: aidb.Repository, raw_length: int) -> None:
    """The same as the plane of a delta, to a base that is there."""
    stored = HEAD.pack(id_of(SMALL), 1) + len(BOMB).to_bytes(4, "little") + BOMB
    plant(repo, Encoded(id_of(SMALL), 1000, Codec.RAW, SMALL))
    plant(repo, Encoded(id_of(b"y"), raw_length, delta_codec(1), stored))
    publish_file(repo, id_of(b"y"), raw_length)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    check_refused(repo.root)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10


def test_frame_that_hides_its_size(repo: aidb.Repository) -> None:
    """A zstd stream need not say how long it is; then the record's length is the limit."""
    stream = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    frame = stream.compress(bytes(1 << 28)) + stream.flush()
    plant(repo, Encoded(id_of(SMALL), 1000, Codec.ZSTD, frame))
    publish_file(repo, id_of(SMALL), 1000)
    check_refused(repo.root)


@pytest.mark.parametrize(
    ("codec", "stored", "raw_length"),
    [
        (Codec.RAW, b"y" * 1000, 1000),
        (Codec.RAW, SMALL, 999),
        (Codec.RAW, SMALL, 1001),
        (Codec.RAW, b"", 0),
        (Codec.ZSTD, SMALL, 1000),
        (Codec.ZSTD, b"", 1000),
        (Codec.PLANES4, zstandard.compress(b"y" * 1000), 1000),
        (99, SMALL, 1000),
        (delta_codec(1), SMALL, 1000),
        (delta_codec(1), HEAD.pack(id_of(SMALL), 1), 1000),
        (delta_codec(8), HEAD.pack(id_of(b"nothing"), 1) + SMALL, 1000),
    ],
)
def test_records_that_lie(repo: aidb.Repository, codec: int, stored: bytes, raw_length: int) -> None:
    plant(repo, Encoded(id_of(SMALL), raw_length, codec, stored))
    publish_file(repo, id_of(SMALL), 1000)
    check_refused(repo.root)


def test_a_bad_copy_beside_a_good_one(repo: aidb.Repository) -> None:
    """The same chunk in two packs, one of them wrong: what is handed out is right, whichever is tried first."""
    for stored in (b"y" * 1000, SMALL, b"z" * 1000):
        plant(
            repo,
            Encoded(id_of(SMALL), 1000, Codec.RAW, stored),
            Encoded(id_of(stored), 1000, Codec.RAW, stored),
        )
    publish_file(repo, id_of(SMALL), 1000)
    with aidb.open(repo.root) as again:
        try:
            assert again.at("evil").read("a") == SMALL
        except IntegrityError:
            pytest.fail("a good copy is there and was not used")
        assert not again.fsck().ok


def recipe_of(blob: ObjectId, ids: list[ObjectId], sizes: list[int], level: int = 0) -> bytes:
    return encode_recipe(Recipe(level, 0, blob, sum(sizes), ids, sizes))


@pytest.mark.parametrize(
    "sizes",
    [[1000, 999], [500, 1500], [2000]],
    ids=lambda sizes: "+".join(map(str, sizes)),
)
def test_recipes_that_lie(repo: aidb.Repository, sizes: list[int]) -> None:
    """Chunks are there and whole, but the recipe gives them other sizes."""
    whole = SMALL + SMALL
    plant(repo, Encoded(id_of(SMALL), 1000, Codec.RAW, SMALL))
    recipe = store_node(repo, recipe_of(id_of(whole), [id_of(SMALL)] * len(sizes), sizes))
    publish_file(repo, id_of(whole), sum(sizes), recipe)
    check_refused(repo.root, sound=True)


def test_recipe_for_other_bytes(repo: aidb.Repository) -> None:
    """A recipe whose chunks are whole but are not the file that the entry is named by.

    The chain from commit to chunk holds, so the bytes are what the author of the commit recorded; the name is the lie.
    It must not pass for the file of that name: it is a change like any other.
    """
    plant(repo, Encoded(id_of(SMALL), 1000, Codec.RAW, SMALL))
    honest = repo.at("main").stat("keep.txt")
    recipe = store_node(repo, recipe_of(honest.blob, [id_of(SMALL)] * 2, [1000, 1000]))
    entry = Entry(Kind.FILE, 2000, honest.blob, recipe)
    publish(repo, "evil", store_node(repo, forged_leaf([(b"keep.txt", entry)])), size=2000)
    assert [change.path for change in repo.diff("main", "evil").changes] == ["keep.txt"]
    try:
        repo.switch("evil")
    except AidbError:
        assert not (repo.root / "keep.txt").exists()
    else:
        assert (repo.root / "keep.txt").read_bytes() == SMALL * 2
        assert repo.status().clean


def test_a_file_of_an_exabyte(repo: aidb.Repository) -> None:
    """Recipes of recipes of one chunk: looking at it costs no memory, reading all of it at once is refused."""
    chunk = bytes(1 << 20)
    plant(repo, Encoded(id_of(chunk), len(chunk), Codec.ZSTD, zstandard.compress(chunk)))
    blob, parts, size = id_of(b"an exabyte"), id_of(chunk), len(chunk)
    for level in range(3):
        name = blob if level == 2 else ObjectId(bytes(32))
        parts = store_node(repo, recipe_of(name, [parts] * 16_384, [size] * 16_384, level))
        size *= 16_384
    publish_file(repo, blob, size, parts)
    program = f"""
import resource, aidb
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
repo = aidb.open({str(repo.root)!r})
with repo.at("evil").open("a") as file:
    file.seek({size} - 10)
    assert file.read() == bytes(10)
try:
    repo.at("evil").read("a")
except (aidb.AidbError, MemoryError) as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
