"""`restore`: from what is staged, from a version, un-staging; and what is refused without force."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidb import Repository
from aidb.errors import NotFoundError, PathNotFoundError, WouldOverwriteError
from aidb.versioning.workspace import restore
from tests.versioning.workspace.conftest import Files, short


@pytest.fixture
def three(repo: Repository, files: Files) -> Repository:
    """Committed: a=1, d/x, d/y, then a=2, d/z instead of d/y; clean."""
    files.put("a", "1")
    files.put("d/x", "x")
    files.put("d/y", "y")
    repo.add()
    repo.commit("one")
    files.put("a", "2")
    files.put("d/z", "z")
    files.remove("d/y")
    repo.add()
    repo.commit("two")
    return repo


def test_changed_file_needs_force(three: Repository, files: Files) -> None:
    files.put("a", "mine")
    with pytest.raises(WouldOverwriteError) as caught:
        restore(three.workspace, ["a"])
    assert caught.value.paths == ("a",)
    assert files.read("a") == "mine"
    assert restore(three.workspace, ["a"], force=True) == ["a"]
    assert files.read("a") == "2"
    assert three.status().clean


def test_deleted_files_come_back(three: Repository, files: Files) -> None:
    files.remove("a", "d/x", "d/z")
    (three.root / "d").rmdir()
    assert restore(three.workspace, ["."]) == ["a", "d/x", "d/z"]
    assert files.all() == {"a": b"2", "d/x": b"x", "d/z": b"z"}
    assert three.status().clean


def test_from_a_version(three: Repository, files: Files) -> None:
    assert restore(three.workspace, ["d"], source="HEAD~1") == ["d/y", "d/z"]
    assert files.all() == {"a": b"2", "d/x": b"x", "d/y": b"y"}
    status = three.status()
    assert short(status.unstaged) == ["D d/z"]
    assert status.untracked == ["d/y"]
    restore(three.workspace, ["a"], source="HEAD~1")
    assert short(three.status().unstaged) == ["M a", "D d/z"]


def test_both_staged_and_files(three: Repository, files: Files) -> None:
    restore(three.workspace, ["."], source="HEAD~1", staged=True)
    assert files.all() == {"a": b"1", "d/x": b"x", "d/y": b"y"}
    status = three.status()
    assert short(status.staged) == ["M a", "A d/y", "D d/z"]
    assert (status.unstaged, status.untracked) == ([], [])


def test_unstage(three: Repository, files: Files) -> None:
    files.put("a", "mine")
    files.put("new", "new")
    files.remove("d/x")
    three.add()
    assert restore(three.workspace, ["a", "new"], staged=True, worktree=False) == ["a", "new"]
    status = three.status()
    assert short(status.staged) == ["D d/x"]
    assert short(status.unstaged) == ["M a"]
    assert status.untracked == ["new"]
    restore(three.workspace, ["."], staged=True, worktree=False)
    assert short(three.status().unstaged) == ["M a", "D d/x"]
    assert files.read("a") == "mine"


def test_unstage_before_the_first_commit(repo: Repository, files: Files) -> None:
    files.put("a", "1")
    repo.add()
    restore(repo.workspace, ["a"], staged=True, worktree=False)
    assert repo.status().untracked == ["a"]
    assert repo.status().staged == []


def test_from_staged_not_from_head(three: Repository, files: Files) -> None:
    files.put("a", "staged")
    three.add()
    files.put("a", "later")
    restore(three.workspace, ["a"], force=True)
    assert files.read("a") == "staged"
    assert short(three.status().staged) == ["M a"]


def test_untracked_in_the_way(three: Repository, files: Files) -> None:
    files.put("d/y", "mine")
    with pytest.raises(WouldOverwriteError) as caught:
        restore(three.workspace, ["d/y"], source="HEAD~1")
    assert caught.value.paths == ("d/y",)
    files.put("d/y", "y")
    restore(three.workspace, ["d/y"], source="HEAD~1")


def test_file_where_a_folder_is_needed(three: Repository, files: Files) -> None:
    files.remove("d/x", "d/z")
    (three.root / "d").rmdir()
    files.put("d", "a file of mine")
    with pytest.raises(WouldOverwriteError):
        restore(three.workspace, ["d/x"])
    restore(three.workspace, ["d/x"], force=True)
    assert files.all() == {"a": b"2", "d/x": b"x"}


def test_folder_where_a_file_is_needed(three: Repository, files: Files) -> None:
    files.remove("a")
    (three.root / "a/only/folders").mkdir(parents=True)
    restore(three.workspace, ["a"])
    assert files.read("a") == "2"
    files.remove("a")
    files.put("a/mine", "mine")
    with pytest.raises(WouldOverwriteError) as caught:
        restore(three.workspace, ["a"])
    assert caught.value.paths == ("a/mine",)
    restore(three.workspace, ["a"], force=True)
    assert files.read("a") == "2"


def test_unknown(three: Repository) -> None:
    with pytest.raises(PathNotFoundError, match="nope is neither tracked nor in that version"):
        restore(three.workspace, ["nope"])
    with pytest.raises(NotFoundError, match="no conflict"):
        restore(three.workspace, ["a"], side="ours")


def test_symlink_out_of_the_workspace(three: Repository, files: Files, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    files.remove("d/x", "d/z")
    (three.root / "d").rmdir()
    (three.root / "d").symlink_to(tmp_path / "out")
    with pytest.raises(WouldOverwriteError):
        restore(three.workspace, ["d"])
    restore(three.workspace, ["d"], force=True)
    assert list((tmp_path / "out").iterdir()) == []
    assert not (three.root / "d").is_symlink()
    assert files.read("d/x") == "x"
