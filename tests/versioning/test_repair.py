"""Damage of every kind, repaired from every kind of place that still has what is lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import aidb
from aidb.errors import PathNotFoundError
from aidb.store import PackKind
from tests.faults.survey import read_history
from tests.faults.tree import File, Tree, link, noise, write_tree

FILES: Tree = {
    "large.bin": File(noise(700_000, seed=1)),
    "small/a.txt": File(b"a\n" * 50),
    "small/b.txt": File(noise(3000, seed=2)),
    "there": link("small/a.txt"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two versions; the second changes one file. Their packs can be written to."""
    root = tmp_path / "repo"
    with aidb.init(root) as repo:
        write_tree(root, FILES)
        repo.add()
        repo.commit("first")
        write_tree(root, {"small/c.txt": File(b"c\n")})
        repo.add()
        repo.commit("second")
    for path in packs(root):
        path.chmod(0o644)
    return root


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """A backup, made before anything happened."""
    return Path(shutil.copytree(root, tmp_path / "backup", symlinks=True))


def packs(root: Path, kind: str = "*") -> list[Path]:
    return sorted((root / ".aidb/store/packs").glob(f"*.{kind}"), key=lambda path: -path.stat().st_size)


def flip_content(root: Path, kind: str) -> None:
    for path in packs(root, kind):
        data = bytearray(path.read_bytes())
        for at in range(70, len(data) - 300, 1 + len(data) // 3):
            data[at] ^= 1
        path.write_bytes(data)


def truncate(root: Path, kind: str) -> None:
    for path in packs(root, kind):
        os.truncate(path, path.stat().st_size // 3)


def remove(root: Path, kind: str) -> None:
    for path in packs(root, kind):
        path.unlink()


def empty(root: Path, kind: str) -> None:
    for path in packs(root, kind):
        os.truncate(path, 0)


DAMAGES = [flip_content, truncate, remove, empty]
Damage = Callable[[Path, str], None]


def check_whole(root: Path) -> None:
    with aidb.open(root) as repo:
        assert repo.fsck().ok
        assert len(read_history(repo)) == 2
        for path, file in FILES.items():
            assert repo.at().read(path) == file.data
        assert repo.garbage.look().commits == 2


@pytest.mark.parametrize("kind", ["data", "meta"])
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("place", ["", ".aidb", ".aidb/store"])
def test_from_another_repository(root: Path, copy: Path, damage: Damage, kind: str, place: str) -> None:
    damage(root, kind)
    for path in FILES:
        (root / path).unlink()
        if place:
            (copy / path).unlink()
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    with aidb.open(root) as repo:
        report = repo.repair([copy / place])
    assert not report.before.ok
    assert report.after.ok
    assert report.brought[0].chunks
    check_whole(root)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_from_the_workspace(root: Path, damage: Damage) -> None:
    damage(root, "data")
    with aidb.open(root) as repo:
        report = repo.repair()
    assert report.after.ok
    assert report.brought[0].files
    check_whole(root)


@pytest.mark.parametrize("damage", DAMAGES)
def test_from_plain_files(root: Path, damage: Damage, tmp_path: Path) -> None:
    """By content, whatever they are called; symlinks too."""
    folder = tmp_path / "elsewhere"
    names = {path: f"{number}/x" for number, path in enumerate(FILES)}
    write_tree(folder, {names[path]: file for path, file in FILES.items()} | {"c": File(b"c\n")})
    damage(root, "data")
    for path in [*FILES, "small/c.txt"]:
        (root / path).unlink()
    with aidb.open(root) as repo:
        assert repo.repair([folder]).after.ok
    check_whole(root)


def test_from_a_single_file(root: Path, tmp_path: Path) -> None:
    flip_content(root, "data")
    for path in FILES:
        (root / path).unlink()
    write_tree(tmp_path, {"found": FILES["large.bin"]})
    with aidb.open(root) as repo:
        report = repo.repair([tmp_path / "found"])
        assert repo.at().read("large.bin") == FILES["large.bin"].data
    assert [(brought.source, brought.files) for brought in report.brought] == [(str(tmp_path / "found"), 1)]


def test_a_recipe_comes_back_with_its_file(root: Path) -> None:
    with aidb.open(root) as repo:
        recipe = repo.at().stat("large.bin").recipe
        assert recipe is not None
        data = repo.store.read_chunk(recipe)
    pack = next(path for path in packs(root, "meta") if bytes(recipe) in path.read_bytes())
    raw = bytearray(pack.read_bytes())
    raw[raw.index(recipe) + 48 + len(data) // 2] ^= 1
    pack.write_bytes(raw)
    with aidb.open(root) as repo:
        assert not repo.fsck().ok
        assert repo.repair().after.ok
    check_whole(root)


def test_from_quarantine(root: Path) -> None:
    quarantine = root / ".aidb/store/quarantine"
    quarantine.mkdir()
    for path in packs(root):
        path.rename(quarantine / f"20261101T000000000000Z-aaaa.{path.name}")
    with aidb.open(root) as repo:
        assert repo.repair().after.ok
    check_whole(root)


def test_from_another_pack(root: Path, tmp_path: Path) -> None:
    """A damaged copy is replaced although nothing is lost: the next damage would find no second one."""
    (pack,) = [path for path in packs(root, "data") if path.stat().st_size > 10_000]
    aside = pack.rename(tmp_path / "aside")
    with aidb.open(root) as repo, repo.store.writer() as writer:
        writer.put_blob(FILES["large.bin"].data)
    aside.rename(pack)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(data)
    for path in FILES:
        (root / path).unlink()
    with aidb.open(root) as repo:
        report = repo.repair()
        assert not report.before.damaged_files
        assert len(report.salvaged) == len(report.salvaged[0].bad) == 1
        assert not report.brought
    check_whole(root)


@pytest.mark.parametrize("cut", [1, 60, 100])
def test_a_pack_whose_index_is_damaged_is_rebuilt(root: Path, cut: int) -> None:
    """All its chunks are there; the new pack has the very name of the old one."""
    names = {path.name for path in packs(root)}
    for path in packs(root):
        os.truncate(path, path.stat().st_size - cut)
    for name in FILES:
        (root / name).unlink()
    with aidb.open(root) as repo:
        report = repo.repair()
        assert report.after.ok
        assert not report.brought
        assert all(not one.bad for one in report.salvaged)
    assert {path.name for path in packs(root)} == names
    check_whole(root)


def test_a_record_header_is_rebuilt(root: Path) -> None:
    """The index still says what the header said."""
    pack = packs(root, "data")[0]
    data = bytearray(pack.read_bytes())
    data[16 + 33] ^= 1
    pack.write_bytes(data)
    with aidb.open(root) as repo:
        report = repo.repair()
    assert [one.bad for one in report.salvaged] == [()]
    check_whole(root)


def test_a_missing_pack_that_an_index_remembers(
    root: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aidb.store.indexes.merging.MERGE_AT", 2)
    with aidb.open(root) as repo, repo.store.writer() as writer:
        writer.put_chunk(b"one more")
    assert list((root / ".aidb/store/indexes").iterdir())
    remove(root, "data")
    with aidb.open(root) as repo:
        report = repo.repair([copy])
        assert report.after.ok or not report.after.damaged_files
    check_whole(root)


def test_what_no_place_has_stays_lost_and_is_named(root: Path) -> None:
    flip_content(root, "data")
    (root / "large.bin").write_bytes(b"changed")
    with aidb.open(root) as repo:
        report = repo.repair()
        assert not report.after.ok
        assert [file.path for file in report.after.damaged_files] == ["large.bin"]
        assert len(report.after.damaged_files[0].commits) == 2
        assert not report.after.storage
    assert list((root / ".aidb/store/damaged").iterdir())


def test_nothing_to_repair(root: Path) -> None:
    before = [path.name for path in packs(root)]
    with aidb.open(root) as repo:
        report = repo.repair()
    assert report.before.ok
    assert report.after.ok
    assert not report.salvaged
    assert not report.brought
    assert [path.name for path in packs(root)] == before


def test_a_place_that_does_not_exist(root: Path, tmp_path: Path) -> None:
    with aidb.open(root) as repo, pytest.raises(PathNotFoundError):
        repo.repair([tmp_path / "nowhere"])


def test_what_is_staged_is_repaired_too(root: Path, copy: Path) -> None:
    write_tree(root, {"staged": File(noise(9000, seed=9))})
    with aidb.open(root) as repo:
        repo.add(["staged"])
    for path in packs(root):
        path.chmod(0o644)
    flip_content(root, "data")
    with aidb.open(root) as repo:
        assert repo.repair([copy]).after.ok
        repo.commit("third")
        assert repo.at().read("staged") == noise(9000, seed=9)


def test_adding_a_file_heals_a_damaged_chunk(root: Path) -> None:
    """Once fsck has found it, nothing relies on the bad copy any more."""
    flip_content(root, "data")
    with aidb.open(root) as repo:
        assert not repo.fsck().ok
    with aidb.open(root) as repo:
        for name, file in FILES.items():
            (root / name).unlink()
            write_tree(root, {name: file})
        repo.add()
        for name, file in FILES.items():
            assert repo.at().read(name) == file.data
        report = repo.fsck()
        assert not report.damaged_files
        stored = repo.store.usage().chunks
    with aidb.open(root) as repo:
        # Healed once, it is not stored again and again.
        write_tree(root, {f"again/{name}": file for name, file in FILES.items()})
        repo.add()
        assert {pack.kind for pack in repo.store.packs()} == set(PackKind)
        assert repo.store.usage().chunks <= stored + 2
