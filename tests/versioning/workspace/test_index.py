"""The index file: what is written is read again, what is damaged is noticed, what did not change is copied."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb import Repository
from aidb.errors import DamagedObjectError, UnsupportedFormatError
from aidb.types import CommitId, Entry, Kind, ObjectId, RepoPath
from aidb.versioning.workspace.index.file import MAGIC, Block, Table
from aidb.versioning.workspace.index.glance import ROW_SIZE
from aidb.versioning.workspace.index.index import Index, open_index
from aidb.versioning.workspace.index.rows import UNKNOWN
from aidb.versioning.workspace.index.state import (
    Conflict,
    State,
    Unfinished,
    decode_conflicts,
    decode_state,
    encode_conflicts,
    encode_state,
)
from tests.versioning.workspace.conftest import Files, short

names = st.binary(min_size=1, max_size=20).filter(
    lambda raw: not set(raw) & {0, 47} and raw not in (b".", b"..")
)
paths = (
    st.lists(names, min_size=1, max_size=4)
    .map(b"/".join)
    .filter(lambda path: not {b".git", b".aidb"} & set(path.lower().split(b"/")))
    .map(RepoPath)
)
rows = st.binary(min_size=ROW_SIZE, max_size=ROW_SIZE)
ids = st.binary(min_size=32, max_size=32).map(ObjectId)
commits = st.binary(min_size=20, max_size=20).map(lambda raw: CommitId(raw.hex()))
entries = st.builds(Entry, st.sampled_from(Kind), st.integers(0, 2**63), ids, st.one_of(st.none(), ids))
maybe = st.one_of(st.none(), entries)
states = st.builds(
    State,
    st.one_of(st.none(), commits),
    st.one_of(st.none(), ids),
    st.one_of(st.none(), ids),
    st.one_of(
        st.none(),
        st.builds(
            Unfinished,
            st.sampled_from(["merge", "revert"]),
            st.lists(commits, max_size=3).map(tuple),
            st.one_of(st.none(), ids),
            st.text(st.characters(exclude_categories=["Cs"])),
            st.text(st.characters(exclude_categories=["Cs"])),
        ),
    ),
    st.lists(
        st.builds(
            Conflict, paths, maybe, maybe, maybe, st.just("modified-both"), st.sampled_from(["", "row 1"])
        ),
        max_size=4,
    ).map(tuple),
)


@given(states)
def test_state_round_trip(state: State) -> None:
    assert decode_state(encode_state(state)) == state


@given(states)
def test_conflicts_without_notes_are_read(state: State) -> None:
    """The first version of the format, and operations that were logged by it."""
    bare = replace(state, conflicts=tuple(conflict._replace(note="") for conflict in state.conflicts))
    empty_notes = bytes(4 * len(bare.conflicts))
    assert decode_state(encode_state(bare).removesuffix(empty_notes), noted=False) == bare
    assert decode_conflicts(encode_conflicts(bare.conflicts).removesuffix(empty_notes)) == [*bare.conflicts]
    assert decode_conflicts(encode_conflicts(state.conflicts)) == [*state.conflicts]


@given(st.binary(max_size=400))
def test_hostile_state_is_damage_not_a_crash(data: bytes) -> None:
    with contextlib.suppress(DamagedObjectError):
        decode_state(data)


@given(states, st.data())
def test_cut_state_is_damage(state: State, data: st.DataObject) -> None:
    encoded = encode_state(state)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(DamagedObjectError):
        decode_state(encoded[:cut])


@given(st.dictionaries(names, rows, max_size=20))
def test_block_round_trip(files: dict[bytes, bytes]) -> None:
    block = Block.of(sorted(files.items()))
    again = Block.decode(block.encode())
    assert dict(again.items()) == files
    assert all(again.row(name) == row for name, row in files.items())
    assert again.row(b"no such name") is None or b"no such name" in files
    assert [os.fsencode(name) for name in again.decoded_names] == again.names == sorted(files)


@given(st.binary(max_size=200))
def test_hostile_block_is_damage_not_a_crash(data: bytes) -> None:
    with contextlib.suppress(DamagedObjectError):
        Block.decode(data)


@given(st.binary(max_size=300), st.integers(0, 1 << 40))
def test_hostile_table_is_damage_not_a_crash(data: bytes, end: int) -> None:
    with contextlib.suppress(DamagedObjectError):
        Table.decode(data, end)


@given(
    st.dictionaries(paths, rows, max_size=30),
    st.dictionaries(paths, st.one_of(st.none(), rows), max_size=30),
    states,
)
def test_index_is_a_dict_that_is_saved(
    tmp_path_factory: pytest.TempPathFactory,
    first: dict[RepoPath, bytes],
    second: dict[RepoPath, bytes | None],
    state: State,
) -> None:
    folder = tmp_path_factory.mktemp("index")
    file = folder / "index"
    index = Index(None)
    for path, row in first.items():
        index.set(path, row)
    index.save(file, scratch=folder, durable=False)
    index = Index(open_index(file))
    model: dict[bytes, bytes] = dict(first.items())
    for path, maybe_row in second.items():
        if maybe_row is None:
            index.remove(path)
            model.pop(path, None)
        else:
            index.set(path, maybe_row)
            model[path] = maybe_row
    index.state = state
    for _ in range(2):
        assert {path: index.row(path) for path in index.tracked_below(b"")} == model
        assert all(path in index for path in model)
        for path in [*first, *second]:
            below = {p for p in model if p.startswith(path + b"/")}
            assert set(index.tracked_below(path)) == below
            assert index.is_folder(path) == bool(below)
        index.save(file, scratch=folder, durable=True)
        index = Index(open_index(file))
        assert index.state == state
    assert os.listdir(folder) == ["index"]


def test_unchanged_blocks_are_copied_not_decoded(tmp_path: Path) -> None:
    index = Index(None)
    for folder in range(50):
        for name in range(10):
            index.set(b"d%d/f%d" % (folder, name), UNKNOWN)
    index.save(tmp_path / "index", scratch=tmp_path, durable=False)
    index = Index(open_index(tmp_path / "index"))
    index.set(b"d7/f7", b"x" * ROW_SIZE)
    index.save(tmp_path / "index", scratch=tmp_path, durable=False)
    assert index.row(b"d7/f7") == b"x" * ROW_SIZE
    assert index.row(b"d8/f7") == UNKNOWN
    assert len(list(index.tracked_below(b""))) == 500


@pytest.mark.parametrize("where", ["begin", "middle", "end"])
def test_flipped_byte_is_noticed(tmp_path: Path, where: str) -> None:
    file = tmp_path / "index"
    index = Index(None)
    for number in range(300):
        index.set(b"folder/%d" % number, b"r" * ROW_SIZE)
    index.save(file, scratch=tmp_path, durable=False)
    data = bytearray(file.read_bytes())
    at = {"begin": len(MAGIC) + 50, "middle": len(data) // 2, "end": len(data) - 60}[where]
    data[at] ^= 1
    file.write_bytes(data)
    with pytest.raises(DamagedObjectError):
        list(Index(open_index(file)).tracked_below(b""))


def test_the_first_version_is_read(tmp_path: Path) -> None:
    """Without conflicts it differs in nothing but its magic."""
    file = tmp_path / "index"
    index = Index(None)
    index.set(b"a", UNKNOWN)
    index.state = State(staged_root=ObjectId(b"s" * 32))
    index.save(file, scratch=tmp_path, durable=False)
    file.write_bytes(file.read_bytes().replace(MAGIC, b"aidbidx1"))
    read = Index(open_index(file))
    assert read.state == index.state
    assert list(read.tracked_below(b"")) == [b"a"]


def test_other_version_is_named(tmp_path: Path) -> None:
    file = tmp_path / "index"
    Index(None).save(file, scratch=tmp_path, durable=False)
    file.write_bytes(file.read_bytes()[:-1] + b"3")
    with pytest.raises(UnsupportedFormatError, match="another version"):
        open_index(file)


@pytest.mark.parametrize("damage", ["cut", "empty", "flip", "garbage", "gone"])
def test_damaged_index_is_made_again_from_head(repo: Repository, files: Files, damage: str) -> None:
    files.put("a", "1")
    files.put("d/b", "2")
    repo.add()
    repo.commit("one")
    files.put("a", "changed")
    repo.add()
    path = repo.folder / "index"
    data = path.read_bytes()
    match damage:
        case "cut":
            path.write_bytes(data[: len(data) // 2])
        case "empty":
            path.write_bytes(b"")
        case "flip":
            path.write_bytes(data[:-50] + bytes([data[-50] ^ 255]) + data[-49:])
        case "garbage":
            path.write_bytes(os.urandom(500))
        case "gone":
            path.unlink()
    status = repo.status()
    assert any("made again from HEAD" in note for note in status.notes)
    assert short(status.unstaged) == ["M a"]
    assert status.staged == []
    repo.add()
    assert short(repo.status().staged) == ["M a"]
    repo.commit("two")
    assert repo.status().clean
    assert not repo.status().notes


def test_damaged_block_is_noticed_by_every_verb(repo: Repository, files: Files) -> None:
    for number in range(20):
        files.put(f"d/{number}", str(number))
    repo.add()
    repo.commit("one")
    data = bytearray((repo.folder / "index").read_bytes())
    data[30] ^= 1
    (repo.folder / "index").write_bytes(data)
    repo = Repository(repo.root)
    files.put("d/3", "three")
    result = repo.add()
    assert result.modified == 1
    assert any("made again from HEAD" in note for note in result.notes)
    assert short(repo.status().staged) == ["M d/3"]
