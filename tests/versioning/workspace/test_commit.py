"""`commit`: what is recorded, and what is refused."""

from __future__ import annotations

import pytest

from aidb import Repository
from aidb.errors import NothingToDoError, PathNotFoundError, RefChangedError
from aidb.types import branch_ref
from aidb.versioning.commits import Person
from tests.versioning.workspace.conftest import Files, short


def test_first_and_second(repo: Repository, files: Files) -> None:
    files.put("a", "1")
    repo.add()
    first = repo.commit("one")
    assert (first.parents, first.message, first.files, first.bytes) == ((), "one", 1, 1)
    assert (first.author.name, first.author.email) == ("Tess Ter", "tess@example.com")
    files.put("a", "22")
    repo.add()
    second = repo.commit("two", author=Person("Ann", "ann@example.com"))
    assert second.parents == (first.id,)
    assert second.author.name == "Ann"
    assert repo.head == ("main", second.id)
    assert repo.status().clean


def test_nothing_staged(repo: Repository, files: Files) -> None:
    with pytest.raises(NothingToDoError, match="nothing to commit") as caught:
        repo.commit("x")
    assert "aidb add" in caught.value.hints[0]
    files.put("a", "1")
    repo.add()
    repo.commit("one")
    files.put("a", "22")
    with pytest.raises(NothingToDoError, match="nothing is staged"):
        repo.commit("x")
    assert repo.commit("empty", allow_empty=True).parents == (repo.resolve("HEAD~1"),)


def test_empty_first_commit(repo: Repository) -> None:
    commit = repo.commit("nothing yet", allow_empty=True)
    assert (commit.files, commit.bytes) == (0, 0)
    assert list(repo.at("HEAD").walk()) == []
    assert repo.status().clean


def test_everything_removed(repo: Repository, files: Files) -> None:
    files.put("a", "1")
    repo.add()
    repo.commit("one")
    files.remove("a")
    commit = repo.commit("none", all=True)
    assert commit.files == 0
    assert repo.status().clean
    files.put("b", "1")
    repo.add()
    assert repo.commit("again").files == 1


def test_all_takes_tracked_changes_only(repo: Repository, files: Files) -> None:
    for name in ("a", "b", "c"):
        files.put(name, name)
    repo.add()
    repo.commit("one")
    files.put("a", "changed")
    files.remove("b")
    files.put("new", "1")
    commit = repo.commit("two", all=True)
    assert [path for path, _ in repo.at(commit.id).walk()] == ["a", "c"]
    assert repo.status().untracked == ["new"]


def test_paths_commit_only_those(repo: Repository, files: Files) -> None:
    for name in ("a", "b", "d/x", "d/y"):
        files.put(name, name)
    repo.add()
    repo.commit("one")
    for name in ("a", "b", "d/x", "d/y"):
        files.put(name, name * 3)
    repo.add(["b"])
    commit = repo.commit("two", paths=["d", "a"])
    assert repo.at(commit.id).read("a") == b"aaa"
    assert repo.at(commit.id).read("b") == b"b"
    assert short(repo.diff("HEAD~1", "HEAD")) == ["M a", "M d/x", "M d/y"]
    status = repo.status()
    assert short(status.staged) == ["M b"]
    assert status.unstaged == []
    with pytest.raises(PathNotFoundError, match="nope is not tracked"):
        repo.commit("x", paths=["nope"])
    files.remove("d/x")
    commit = repo.commit("three", paths=["d/x"])
    assert short(repo.diff("HEAD~1", "HEAD")) == ["D d/x"]
    assert short(repo.status().staged) == ["M b"]


def test_amend(repo: Repository, files: Files) -> None:
    with pytest.raises(NothingToDoError):
        repo.commit("x", amend=True)
    files.put("a", "1")
    repo.add()
    first = repo.commit("one")
    files.put("b", "1")
    repo.add()
    second = repo.commit("two", author=Person("Ann", "ann@example.com"))
    files.put("b", "22")
    repo.add()
    amended = repo.commit("", amend=True)
    assert amended.parents == (first.id,)
    assert amended.message == "two"
    assert amended.author.name == "Ann"
    assert amended.time == second.time
    assert repo.at("HEAD").read("b") == b"22"
    renamed = repo.commit("better words", amend=True)
    assert (renamed.message, renamed.root) == ("better words", amended.root)
    assert repo.status().clean


def test_detached(repo: Repository, files: Files) -> None:
    files.put("a", "1")
    repo.add()
    first = repo.commit("one")
    repo.switch(first.id, detach=True)
    files.put("a", "2")
    repo.add()
    second = repo.commit("two")
    assert repo.head == (None, second.id)
    assert repo.branches["main"].commit == first.id


def test_branch_moved_by_another_process(repo: Repository, files: Files) -> None:
    """Somebody else's commit is not undone: refused, everything stays staged, switching to the branch helps."""
    files.put("a", "1")
    files.put("b", "1")
    repo.add()
    first = repo.commit("one")
    files.put("b", "other")
    repo.add()
    other = repo.commit("other")
    repo.reset(first.id, mode="hard")
    files.put("a", "mine")
    repo.add()
    repo.engine.update_ref(branch_ref("main"), first.id, other.id, "push")
    status = repo.status()
    assert any("main was moved" in note for note in status.notes)
    assert short(status.staged) == ["M a"]
    with pytest.raises(RefChangedError, match="nothing was committed") as caught:
        repo.commit("mine")
    assert "aidb switch main" in caught.value.hints[0]
    assert short(repo.status().staged) == ["M a"]
    repo.switch("main")
    assert files.read("b") == "other"
    commit = repo.commit("mine")
    assert commit.parents == (other.id,)
    assert repo.at("HEAD").read("b") == b"other"
    assert repo.at("HEAD").read("a") == b"mine"


def test_commit_killed_before_it_saved_the_index(repo: Repository, files: Files) -> None:
    files.put("a", "1")
    repo.add()
    repo.commit("one")
    files.put("a", "22")
    files.put("b", "1")
    files.age()
    repo.add()
    index = (repo.folder / "index").read_bytes()
    second = repo.commit("two")
    (repo.folder / "index").write_bytes(index)
    again = Repository(repo.root)
    assert again.status().clean
    assert not again.status().notes
    files.put("a", "333")
    again.add()
    assert again.commit("three").parents == (second.id,)
