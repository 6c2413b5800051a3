"""`reset`: soft, mixed, hard, and paths."""

from __future__ import annotations

import pytest

from aidb import Repository
from aidb.errors import WouldOverwriteError
from aidb.versioning.workspace import reset
from tests.versioning.workspace.conftest import Files, short


@pytest.fixture
def two(repo: Repository, files: Files) -> Repository:
    files.put("a", "1")
    files.put("b", "b")
    repo.add()
    repo.commit("one")
    files.put("a", "2")
    files.put("new", "new")
    repo.add()
    repo.commit("two")
    return repo


def test_soft(two: Repository, files: Files) -> None:
    commit = reset(two.workspace, "HEAD~1", mode="soft")
    assert commit is not None
    assert two.head.commit == commit.id
    status = two.status()
    assert short(status.staged) == ["M a", "A new"]
    assert (status.unstaged, status.notes) == ([], [])
    two.commit("again")
    assert two.status().clean


def test_mixed(two: Repository, files: Files) -> None:
    reset(two.workspace, "HEAD~1")
    status = two.status()
    assert short(status.unstaged) == ["M a"]
    assert status.untracked == ["new"]
    assert status.staged == []
    assert files.read("a") == "2"


def test_hard(two: Repository, files: Files) -> None:
    tip = two.head.commit
    reset(two.workspace, "HEAD~1", mode="hard")
    assert files.all() == {"a": b"1", "b": b"b"}
    assert two.status().clean
    assert two.resolve("main@{1}") == tip
    reset(two.workspace, "main@{1}", mode="hard")
    assert files.all() == {"a": b"2", "b": b"b", "new": b"new"}
    assert two.status().clean


def test_hard_refuses_to_lose_work(two: Repository, files: Files) -> None:
    files.put("b", "mine")
    with pytest.raises(WouldOverwriteError) as caught:
        reset(two.workspace, mode="hard")
    assert caught.value.paths == ("b",)
    two.add()
    with pytest.raises(WouldOverwriteError, match="what is staged would be lost: b"):
        reset(two.workspace, mode="hard")
    assert files.read("b") == "mine"
    reset(two.workspace, mode="hard", force=True)
    assert files.read("b") == "b"
    assert two.status().clean


def test_hard_keeps_untracked(two: Repository, files: Files) -> None:
    files.put("mine", "mine")
    files.remove("b")
    reset(two.workspace, mode="hard")
    assert files.all() == {"a": b"2", "b": b"b", "new": b"new", "mine": b"mine"}


def test_paths(two: Repository, files: Files) -> None:
    assert reset(two.workspace, "HEAD~1", paths=["a"]) is None
    status = two.status()
    assert short(status.staged) == ["M a"]
    assert short(status.unstaged) == ["M a"]
    reset(two.workspace, paths=["a"])
    assert two.status().clean


def test_before_the_first_commit(repo: Repository, files: Files) -> None:
    files.put("a", "1")
    repo.add()
    assert reset(repo.workspace) is None
    assert repo.status().untracked == ["a"]


def test_detached(two: Repository, files: Files) -> None:
    two.switch("HEAD", detach=True)
    reset(two.workspace, "HEAD~1", mode="hard")
    back = two.resolve("main~1")
    assert two.head == (None, back)
    assert two.resolve("main") != back
