"""Putting work aside and bringing it back; the outcome is Git's."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aidb
from aidb import Repository
from aidb.errors import NotFoundError, NothingToDoError, RefusedError, StorageError, WouldOverwriteError
from tests.faults.tree import Tree, read_tree
from tests.versioning.workspace.beside import Git, show, trees
from tests.versioning.workspace.conftest import Files, short

TREES = trees(["a", "b", "d/c", "e"])


def staged(repo: Repository) -> dict[str, str]:
    manifest = repo.workspace.manifest(repo.workspace.staged_root())
    return {path.decode(): repo.store.read_blob(entry.content).decode() for path, entry in manifest.items()}


@settings(max_examples=25)
@given(TREES, TREES, TREES, st.booleans())
def test_as_git_does(first: Tree, second: Tree, third: Tree, untracked: bool) -> None:
    """HEAD, then something staged, then files that differ from both; put aside and brought back."""
    folder = Path(tempfile.mkdtemp())
    try:
        git, repo = Git(folder / "git"), aidb.init(folder / "aidb")
        git.show(first)
        show(repo.root, first)
        git.commit("first")
        repo.add()
        repo.commit("first", allow_empty=True)
        for tree in (second, third):
            git.show(tree)
            show(repo.root, tree)
            if tree is second:
                git("add", "-A")
                repo.add()
        before = (staged(repo), read_tree(repo.root))
        try:
            repo.stash.push(untracked=untracked)
        except (NothingToDoError, WouldOverwriteError):
            return  # Git takes what stands where a removed file was for the file; we refuse
        git("stash", "push", *(["--include-untracked"] if untracked else []))
        if git("stash", "list"):
            assert read_tree(repo.root) == git.files()
            assert staged(repo) == git.staged()
            repo.stash.pop()
            git("stash", "pop", "--index", check=False)
        assert (staged(repo), read_tree(repo.root)) == before
        # Two things that Git does not bring back as they were, or at all: a file that was staged as new and is gone,
        # and one that is there although its removal was staged.
        if not (second.keys() - first.keys() - third.keys() or first.keys() & third.keys() - second.keys()):
            assert (git.staged(), git.files()) == before
        assert list(repo.stash) == []
    finally:
        repo.close()
        shutil.rmtree(folder)


@pytest.fixture
def worked(repo: Repository, files: Files) -> Repository:
    """A commit of a and b; then a staged and changed again, n staged, u untracked."""
    files.write(a="old", b="old")
    repo.add()
    repo.commit("first")
    files.write(a="staged", n="new", u="untracked")
    repo.add(["a", "n"])
    files.write(a="changed")
    return repo


def test_there_and_back(worked: Repository, files: Files) -> None:
    before = files.all()
    made = worked.stash.push("half", untracked=True)
    assert worked.status().clean
    assert files.all() == {"a": b"old", "b": b"old"}
    assert (made.name, made.message) == ("stash@{0}", "On main: half")
    assert short(worked.stash.changes()) == ["M a", "A n", "A u"]
    assert [one.message for one in worked.stash] == ["On main: half"]
    worked.stash.pop()
    assert files.all() == before
    status = worked.status()
    assert short(status.staged) == ["M a", "A n"]
    assert short(status.unstaged) == ["M a"]
    assert worked.fsck().ok


def test_several_are_a_stack(worked: Repository, files: Files) -> None:
    worked.stash.push("one")
    files.write(b="two")
    worked.stash.push("two")
    assert [one.message for one in worked.stash] == ["On main: two", "On main: one"]
    assert worked.stash[1].message == worked.stash["stash@{1}"].message == "On main: one"
    worked.stash.apply("1")
    assert len(worked.stash) == 2
    worked.stash.drop()
    assert [one.name for one in worked.stash] == ["stash@{0}"]
    for nonsense in ("1", "stash@{7}", "main"):
        with pytest.raises(NotFoundError):
            worked.stash.drop(nonsense)


def test_conflicts_wait_and_undo_goes_back(worked: Repository, files: Files) -> None:
    worked.stash.push()
    files.write(a="other", b="other")
    worked.commit("other", all=True)
    done = worked.stash.pop()
    assert [conflict.path for conflict in done.conflicts] == ["a"]
    assert not done.dropped
    assert files.read("a") == "other"
    with pytest.raises(RefusedError, match="brought back"):
        worked.abort_merge()
    worked.restore(["a"], side="theirs")
    status = worked.status()
    assert status.merging is None
    assert files.read("a") == "changed"
    assert short(status.staged) == ["M a", "A n"]
    worked.operations.undo()
    worked.operations.undo()
    assert not worked.status().staged
    assert len(worked.stash) == 1


def test_changed_files_are_not_overwritten(worked: Repository, files: Files) -> None:
    worked.stash.push(untracked=True)
    files.write(a="more")
    with pytest.raises(WouldOverwriteError):
        worked.stash.pop()
    files.write(a="old", u="another")
    with pytest.raises(WouldOverwriteError, match="u"):
        worked.stash.pop()
    worked.add(["u"])
    worked.commit("u")
    with pytest.raises(WouldOverwriteError, match="tracked now"):
        worked.stash.pop()
    assert len(worked.stash) == 1


def test_what_cannot_be_stored_stops_it_before_anything_is_done(worked: Repository, files: Files) -> None:
    import os

    files.remove("b")
    os.mkfifo(files.path("b"))
    with pytest.raises(StorageError, match="nothing was put aside"):
        worked.stash.push()
    assert files.read("a") == "changed"
    assert len(worked.stash) == 0


def test_nothing_to_put_aside(repo: Repository, files: Files) -> None:
    with pytest.raises(NothingToDoError, match="no commit yet"):
        repo.stash.push()
    files.write(a="1")
    repo.add()
    repo.commit("first")
    files.write(u="untracked")
    with pytest.raises(NothingToDoError, match="no local work"):
        repo.stash.push()
    repo.stash.push(untracked=True)
    assert files.all() == {"a": b"1"}


def test_a_stash_does_not_hold_a_branch(worked: Repository, files: Files) -> None:
    worked.switch("side", create=True)
    worked.commit("on side")
    files.write(b="aside")
    worked.stash.push()
    worked.switch("main")
    with pytest.raises(RefusedError, match="no other branch has"):
        worked.branches.delete("side")
