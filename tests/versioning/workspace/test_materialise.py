"""Writing versions into the working tree: whole new folders, several batches, other file systems, nothing left over."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aidb import Repository
from aidb.errors import DamagedObjectError, StorageError
from aidb.versioning.workspace.index.rows import exact_row
from aidb.versioning.workspace.tree import materialise
from tests.versioning.workspace.conftest import Files, Tree, short


@pytest.fixture
def full(repo: Repository, files: Files, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """`full` has folders of every shape, `main` next to nothing; checked out in batches of three files."""
    monkeypatch.setattr(materialise, "BATCH_FILES", 3)
    files.put("there/file", "1")
    repo.add()
    repo.commit("little")
    repo.switch("full", create=True)
    for number in range(8):
        files.put(f"new/{number}", f"new {number}")
        files.put(f"new/deep/er/{number}", f"deeper {number}")
        files.put(f"there/new/{number}", f"inner {number}")
    files.put("there/other", "2")
    files.put("top", "3")
    files.put("new/big", os.urandom(2 << 20))
    files.put("new/deep/tool", "x").chmod(0o755)
    (repo.root / "new/link").symlink_to("nowhere")
    files.age()
    repo.add()
    repo.commit("much")
    return repo


def test_batches_fill_new_folders(full: Repository, files: Files) -> None:
    everything = files.all()
    full.switch("main")
    assert files.all() == {"there/file": b"1"}
    assert sorted(os.listdir(full.root)) == [".aidb", "there"]
    full.switch("full")
    assert files.all() == everything
    assert os.access(full.root / "new/deep/tool", os.X_OK)
    assert full.status().clean
    full.close()
    assert os.listdir(full.folder / "tmp") == []


def test_rows_are_right_after_the_folder_moved(full: Repository, files: Files) -> None:
    """Nothing that was written is read again: the rows taken aside still hold."""
    full.switch("main")
    full.switch("full")
    index = full.workspace.read_index()
    written = files.all().keys() - {"there/file"}  # which may be too young for its row to be trusted
    assert all(index.row(name.encode()) == exact_row(files.path(name).lstat()) for name in written)


def test_untracked_files_in_an_existing_folder_stay(full: Repository, files: Files) -> None:
    full.switch("main")
    files.put("new/deep/mine", "mine")
    full.switch("full")
    assert files.read("new/deep/mine") == "mine"
    assert files.read("new/deep/er/7") == "deeper 7"
    assert full.status().untracked == ["new/deep/mine"]


def test_damage_in_a_new_folder(full: Repository, files: Files) -> None:
    everything = files.all()
    big = everything["new/big"]
    full.switch("main")
    for pack in (full.folder / "store/packs").glob("*.data"):
        data = pack.read_bytes()
        if big[5000:5032] in data:
            os.chmod(pack, 0o644)
            pack.write_bytes(data.replace(big[5000:5032], b"damaged!" * 4))
    again = Repository(full.root)
    with pytest.raises(DamagedObjectError, match="new/big"):
        again.switch("full")
    del everything["new/big"]
    assert files.all() == everything
    assert short(again.status().unstaged) == ["D new/big"]


def test_interrupted_between_batches(full: Repository, files: Files) -> None:
    everything: Tree = files.all()
    full.switch("main")

    class StopError(Exception):
        pass

    class Stopper:
        count = 0

        def task(self, label: str, total: int | None = None, unit: str = "files") -> Stopper:
            return self

        def advance(self, amount: int = 1) -> None:
            self.count += 1
            if self.count == 10:
                raise StopError

        def close(self) -> None:
            pass

    with pytest.raises(StopError):
        full.switch("full", progress=Stopper())
    assert os.listdir(next((full.folder / "tmp").iterdir())) == []
    assert full.head.branch == "main"
    assert 0 < len(files.all()) < len(everything)
    full.switch("full")
    assert files.all() == everything
    assert full.status().clean


@pytest.fixture
def mounted(repo: Repository) -> Iterator[Path]:
    """Another file system below the workspace."""
    place = repo.root / "mounted"
    place.mkdir()
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "none", str(place)], capture_output=True).returncode
    ):
        pytest.skip("this machine does not let us mount")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_another_file_system_in_the_workspace(repo: Repository, files: Files, mounted: Path) -> None:
    for number in range(5):
        files.put(f"mounted/inner/deep/{number}", f"{number}")
    files.put("mounted/big", os.urandom(2 << 20))
    (mounted / "link").symlink_to("nowhere")
    everything = files.all()
    repo.add()
    repo.commit("one")
    repo.switch("other", create=True)
    repo.remove(["."], recursive=True)
    repo.commit("none")
    assert os.listdir(mounted) == []
    repo.switch("main")
    assert files.all() == everything
    assert repo.status().clean


def test_read_only_workspace_is_a_clear_error(full: Repository, files: Files) -> None:
    full.switch("main")
    changed = subprocess.run(["chattr", "+i", str(full.root / "there")], capture_output=True)
    if changed.returncode:
        pytest.skip("this machine does not let us make a folder immutable")
    try:
        with pytest.raises(StorageError, match="changing the working tree failed"):
            full.switch("full")
    finally:
        subprocess.run(["chattr", "-i", str(full.root / "there")], check=True)
    full.switch("full")
    assert full.status().clean
