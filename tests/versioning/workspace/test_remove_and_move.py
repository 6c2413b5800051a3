"""`rm` and `mv`."""

from __future__ import annotations

import os

import pytest

from aidb import Repository
from aidb.errors import InvalidPathError, PathNotFoundError, WouldOverwriteError
from tests.versioning.workspace.conftest import Files, short


@pytest.fixture
def some(repo: Repository, files: Files) -> Repository:
    for name in ("a", "b", "d/x", "d/e/y", "tool"):
        files.put(name, name)
    (repo.root / "link").symlink_to("a")
    (repo.root / "tool").chmod(0o755)
    repo.add()
    repo.commit("one")
    return repo


def test_remove(some: Repository, files: Files) -> None:
    assert some.remove(["a", "link"]) == ["a", "link"]
    assert not os.path.lexists(some.root / "link")
    assert short(some.status().staged) == ["D a", "D link"]
    with pytest.raises(InvalidPathError, match="d is a folder with 2 tracked files"):
        some.remove(["d"])
    assert some.remove(["d"], recursive=True) == ["d/e/y", "d/x"]
    assert not (some.root / "d").exists()
    with pytest.raises(PathNotFoundError, match="nope is not tracked"):
        some.remove(["nope"])


def test_remove_cached(some: Repository, files: Files) -> None:
    some.remove(["a"], cached=True)
    assert files.read("a") == "a"
    assert some.status().untracked == ["a"]
    assert short(some.status().staged) == ["D a"]


def test_remove_what_is_gone(some: Repository, files: Files) -> None:
    files.remove("a")
    assert some.remove(["a"]) == ["a"]
    assert short(some.status().staged) == ["D a"]


def test_remove_refuses_to_lose_content(some: Repository, files: Files) -> None:
    files.put("a", "changed")
    with pytest.raises(WouldOverwriteError) as caught:
        some.remove(["a", "b"])
    assert caught.value.paths == ("a",)
    assert files.read("b") == "b"
    some.add()
    with pytest.raises(WouldOverwriteError):
        some.remove(["a"])
    some.remove(["a"], cached=True)  # the file still holds what was staged
    assert files.read("a") == "changed"
    files.put("b", "staged")
    some.add(["b"])
    files.put("b", "later")
    with pytest.raises(WouldOverwriteError):
        some.remove(["b"], cached=True)
    some.remove(["b"], force=True)
    assert not (some.root / "b").exists()


def test_move_file(some: Repository, files: Files) -> None:
    assert some.move(["a"], "new/name") == [("a", "new/name")]
    assert files.read("new/name") == "a"
    assert short(some.status().staged) == ["R a new/name"]
    assert some.status().unstaged == []


def test_move_into_folder(some: Repository, files: Files) -> None:
    assert some.move(["a", "tool"], "d") == [("a", "d/a"), ("tool", "d/tool")]
    assert short(some.status().staged) == ["R a d/a", "R tool d/tool"]
    assert os.access(some.root / "d/tool", os.X_OK)


def test_move_folder_with_untracked(some: Repository, files: Files) -> None:
    files.put("d/untracked", "mine")
    assert some.move(["d"], "moved") == [("d/x", "moved/x"), ("d/e/y", "moved/e/y")]
    assert files.read("moved/untracked") == "mine"
    assert some.status().untracked == ["moved/untracked"]
    assert some.status().unstaged == []
    some.commit("moved")
    assert [path for path, _ in some.at("HEAD").walk("moved")] == ["moved/e/y", "moved/x"]


def test_moved_file_keeps_its_local_change(some: Repository, files: Files) -> None:
    files.put("a", "changed")
    some.move(["a"], "z")
    status = some.status()
    assert short(status.staged) == ["R a z"]
    assert short(status.unstaged) == ["M z"]


def test_move_refusals(some: Repository, files: Files) -> None:
    files.put("untracked", "1")
    with pytest.raises(WouldOverwriteError, match="b is there already"):
        some.move(["a"], "b")
    with pytest.raises(PathNotFoundError, match="untracked is not tracked"):
        some.move(["untracked"], "c")
    with pytest.raises(PathNotFoundError, match="no folder nowhere"):
        some.move(["a", "b"], "nowhere")
    with pytest.raises(InvalidPathError, match="itself or inside it"):
        some.move(["d"], "d/e")
    with pytest.raises(InvalidPathError):
        some.move(["a"], "../outside")
    with pytest.raises(InvalidPathError):
        some.move(["a"], ".aidb/x")
    files.remove("a")
    with pytest.raises(PathNotFoundError, match="a is not there"):
        some.move(["a"], "z")


def test_move_with_force(some: Repository, files: Files) -> None:
    some.move(["a"], "b", force=True)
    assert files.read("b") == "a"
    assert short(some.status().staged) == ["D a", "M b"]
