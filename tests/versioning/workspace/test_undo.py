"""Taking back operations, and doing them again."""

from __future__ import annotations

import os

import pytest

from aidb import Repository
from aidb.errors import NothingToDoError, RefChangedError, RefusedError, WouldOverwriteError
from aidb.types import branch_ref
from tests.versioning.workspace.conftest import Files, short


@pytest.fixture
def worked(repo: Repository, files: Files) -> Repository:
    """A commit of a, b and d/c; then a changed, b deleted, n staged and u untracked."""
    files.put("a", "old")
    files.put("b", "old")
    files.put("d/c", "old")
    repo.add()
    repo.commit("first")
    files.put("a", "my work")
    files.remove("b")
    files.put("n", "new")
    repo.add(["n"])
    files.put("u", "untracked")
    return repo


def test_what_reset_threw_away_comes_back(worked: Repository, files: Files) -> None:
    before = files.all()
    worked.reset(mode="hard", force=True)
    assert files.read("a") == "old"
    done = worked.operations.undo()
    assert done.operation.title == "reset --hard HEAD"
    assert done.operation.files is not None
    assert done.operation.files.kept == 1
    assert files.all() == before
    status = worked.status()
    assert short(status.staged) == ["A n"]
    assert short(status.unstaged) == ["M a", "D b"]
    assert status.untracked == ["u"]


def test_what_stood_in_the_way_comes_back(worked: Repository, files: Files) -> None:
    worked.commit("n", paths=["n"])
    worked.switch("side", create=True, start="HEAD~", force=True)
    files.put("n", "somebody's")
    worked.switch("main", force=True)
    assert files.read("n") == "new"
    worked.operations.undo()
    assert files.read("n") == "somebody's"
    assert worked.head.branch == "side"


def test_a_folder_in_the_way_of_a_file(repo: Repository, files: Files) -> None:
    files.put("k", "a file")
    repo.add()
    first = repo.commit("file")
    files.remove("k")
    files.put("k/in", "tracked")
    repo.add()
    repo.commit("folder")
    files.put("k/own", "untracked")
    before = files.all()
    repo.restore(["k"], source=first.id, force=True)
    assert files.all() == {"k": b"a file"}
    repo.operations.undo()
    assert files.all() == before


def test_too_large_to_keep(worked: Repository, files: Files) -> None:
    worked.config.set("undo.max_file_mib", 1)
    files.put("a", b"x" * ((1 << 20) + 1))
    worked.restore(["a"], force=True)
    done = worked.operations.undo()
    assert done.lost == ("a",)
    assert files.read("a") == "old"


def test_a_renamed_file_keeps_its_changes(worked: Repository, files: Files) -> None:
    files.put("d/own", "untracked")
    files.put("d/c", "changed")
    before = files.all()
    worked.move(["a"], "deep/er/a2")
    worked.move(["d"], "e")
    assert files.read("e/own") == "untracked"
    worked.operations.undo()
    worked.operations.undo()
    assert files.all() == before
    assert not files.path("deep").exists()
    worked.operations.redo()
    assert files.read("deep/er/a2") == "my work"


def test_a_file_replaced_by_a_rename_comes_back(worked: Repository, files: Files) -> None:
    before = files.all()
    worked.move(["a"], "u", force=True)
    worked.operations.undo()
    assert files.all() == before


def test_rename_back_never_overwrites(worked: Repository, files: Files) -> None:
    worked.move(["a"], "a2")
    files.put("a", "another")
    with pytest.raises(WouldOverwriteError, match="a"):
        worked.operations.undo()
    assert files.read("a") == "another"
    assert files.read("a2") == "my work"


def test_back_to_nothing_and_forward_again(repo: Repository, files: Files) -> None:
    files.put("a", "1")
    repo.add()
    first = repo.commit("first")
    assert [repo.operations.undo().operation.verb for _ in range(2)] == ["commit", "add"]
    assert "main" not in repo.branches
    assert repo.status().untracked == ["a"]
    with pytest.raises(NothingToDoError, match="nothing to undo"):
        repo.operations.undo()
    assert [repo.operations.redo().operation.verb for _ in range(2)] == ["add", "commit"]
    assert repo.head.commit == first.id
    with pytest.raises(NothingToDoError, match="nothing to redo"):
        repo.operations.redo()


def test_something_new_ends_what_could_be_redone(worked: Repository, files: Files) -> None:
    worked.commit("a mistake")
    worked.operations.undo()
    worked.tags.create("v1")
    with pytest.raises(NothingToDoError):
        worked.operations.redo()


def test_work_since_is_refused_or_kept(worked: Repository, files: Files) -> None:
    worked.restore(["a"], force=True)
    files.put("a", "newer work")
    with pytest.raises(WouldOverwriteError) as caught:
        worked.operations.undo()
    assert caught.value.paths == ("a",)
    worked.operations.undo(force=True)
    assert files.read("a") == "my work"
    worked.operations.redo()
    assert files.read("a") == "newer work"
    files.put("a", "newest")
    worked.operations.undo(force=True)
    worked.operations.redo()
    assert files.read("a") == "newest"


def test_a_branch_that_somebody_else_moved_stays(worked: Repository) -> None:
    commit = worked.commit("mine")
    other = worked.engine.create_commit(
        commit.root, commit.files, commit.bytes, [commit.id], "theirs", commit.author
    )
    worked.engine.update_ref(branch_ref("main"), commit.id, other, "commit: theirs")
    theirs = next(iter(worked.operations))
    assert (theirs.title, theirs.local) == ("commit theirs", False)
    with pytest.raises(RefChangedError, match="main was moved since"):
        worked.operations.undo()
    assert worked.head.commit == other
    worked.operations.undo(theirs.id)
    assert worked.head.commit == commit.id
    assert worked.status().clean is False
    worked.operations.undo()
    assert worked.head.commit == other


def test_an_earlier_one_alone(worked: Repository, files: Files) -> None:
    worked.tags.create("v1")
    tagged = next(iter(worked.operations))
    worked.commit("later")
    worked.operations.undo(tagged.id)
    assert "v1" not in worked.tags
    assert worked.commit_at().message == "later"
    with pytest.raises(RefusedError, match="has changed since"):
        worked.operations.undo(next(op for op in worked.operations if op.verb == "add").id)
    # That was an operation, too.
    worked.operations.undo()
    assert "v1" in worked.tags


def test_restore_brings_everything_to_where_it_was(worked: Repository, files: Files) -> None:
    worked.commit("second", all=True)
    at, state = next(iter(worked.operations)), files.all()
    files.put("a", "third")
    worked.commit("third", all=True)
    worked.switch("side", create=True, start="HEAD~2")
    files.put("a", "on side")
    worked.commit("side", all=True)
    worked.move(["d"], "moved")
    files.put("a", "thrown away")
    worked.reset(mode="hard", force=True)
    last, there = worked.operations.restore(at.id), files.all()
    assert last.operation.id == at.id
    assert worked.head.branch == "main"
    assert list(worked.branches) == ["main"]
    assert there == state
    worked.operations.undo()
    assert list(worked.branches) == ["main", "side"]
    assert worked.head.branch == "side"
    assert files.read("a") == "on side"


def test_conflicts_come_and_go(repo: Repository, files: Files) -> None:
    files.put("a", "base")
    files.put("b", "base")
    repo.add()
    repo.commit("base")
    repo.switch("side", create=True)
    for name in ("a", "b"):
        files.put(name, "theirs")
    repo.commit("theirs", all=True)
    repo.switch("main")
    for name in ("a", "b"):
        files.put(name, "ours")
    repo.commit("ours", all=True)
    repo.merge("side")
    repo.restore(["a"], side="theirs")
    assert [c.path for c in repo.status().conflicts] == ["b"]
    repo.operations.undo()
    assert [c.path for c in repo.status().conflicts] == ["a", "b"]
    repo.operations.undo()
    assert repo.status().clean
    repo.operations.redo()
    repo.operations.redo()
    assert [c.path for c in repo.status().conflicts] == ["b"]
    repo.abort_merge()
    repo.operations.undo()
    assert files.read("a") == "theirs"
    assert repo.status().merging == "merge of side"


def test_branches(worked: Repository) -> None:
    first = worked.head.commit
    worked.branches.create("clean")
    worked.branches.rename("main", "trunk")
    worked.branches.delete("clean", force=True)
    assert worked.operations.undo().operation.title == "branch --delete clean"
    assert worked.branches["clean"].commit == first
    worked.operations.undo()
    assert worked.head.branch == "main"
    assert "trunk" not in worked.branches


def test_links_and_modes(repo: Repository, files: Files) -> None:
    os.symlink("somewhere", files.path("l"))
    files.put("x", "#!")
    repo.add()
    repo.commit("first")
    files.remove("l")
    os.symlink("elsewhere", files.path("l"))
    files.path("x").chmod(0o755)
    repo.reset(mode="hard", force=True)
    assert os.readlink(files.path("l")) == "somewhere"
    repo.operations.undo()
    assert os.readlink(files.path("l")) == "elsewhere"
    assert files.path("x").stat().st_mode & 0o100


def test_a_transaction_is_passed_over_but_can_be_named(worked: Repository) -> None:
    with worked.transaction("side", "elsewhere", create=True) as tx:
        tx.put("x", b"1")
    landed = next(iter(worked.operations))
    assert [move.ref for move in landed.moves] == ["refs/heads/side"]
    assert worked.operations.undo().operation.verb == "add"
    assert worked.operations.undo(landed.id).operation == landed
    assert "side" not in worked.branches
