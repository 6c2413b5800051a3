"""Doing commits once more; the files that come of it are Git's."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings

import aidb
from aidb import Repository
from aidb.errors import InvalidInputError, MergeConflictError, NothingToDoError, RefusedError
from aidb.versioning.commits import Person
from tests.faults.tree import Tree, read_tree
from tests.versioning.workspace.beside import Git, show, trees
from tests.versioning.workspace.conftest import Files

TREES = trees(["a", "b", "d/c"])


@settings(max_examples=20)
@given(TREES, TREES, TREES)
def test_as_git_does(base: Tree, picked: Tree, ours: Tree) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        git, repo = Git(folder / "git"), aidb.init(folder / "aidb")
        for message, tree in (("base", base), ("picked", picked)):
            git.show(tree)
            git.commit(message)
            _commit(repo, tree, message)
        git("switch", "-qc", "ours", "HEAD~")
        repo.switch("ours", create=True, start="HEAD~")
        git.show(ours)
        git.commit("ours")
        _commit(repo, ours, "ours")
        done = repo.cherry_pick("main")
        git("cherry-pick", "--allow-empty", "--keep-redundant-commits", "main", check=False)
        conflicts = set(git("diff", "--name-only", "--diff-filter=U").split())
        assert {one.path for one in done.conflicts} == conflicts
        mine, others = read_tree(repo.root), git.files()
        assert {p: mine.get(p) for p in mine if p not in conflicts} == {
            p: others.get(p) for p in others if p not in conflicts
        }
    finally:
        repo.close()
        shutil.rmtree(folder)


def _commit(repo: Repository, tree: Tree, message: str) -> None:
    show(repo.root, tree)
    repo.add()
    repo.commit(message, allow_empty=True)


@pytest.fixture
def parted(repo: Repository, files: Files) -> Repository:
    """On main: a, then a changed. On side: three commits, the second of which changed a, too."""
    files.write(a="base")
    repo.add()
    repo.commit("base")
    repo.switch("side", create=True)
    for name, content in (("one", "1"), ("a", "theirs"), ("three", "3")):
        files.put(name, content)
        repo.add()
        repo.commit(f"side {name}", author=Person("Bob", "bob@example.com"))
    repo.switch("main")
    files.write(a="ours")
    repo.commit("ours", all=True)
    return repo


def test_message_and_author_stay(parted: Repository, files: Files) -> None:
    done = parted.cherry_pick("side")
    (made,) = done.made
    original = parted.commit_at("side")
    assert (made.message, made.author, made.time) == (original.message, original.author, original.time)
    assert made.committer.name == "Tess Ter"
    assert files.all() == {"a": b"ours", "three": b"3"}
    assert parted.engine.reflog(parted.engine.list_refs("refs/heads/main").popitem()[0])[0].reason == (
        "cherry-pick: side three"
    )


def test_a_range_stops_at_conflicts_and_goes_on(parted: Repository, files: Files) -> None:
    done = parted.cherry_pick(["main..side"])
    assert [commit.subject for commit in done.made] == ["side one"]
    assert done.stopped is not None
    assert done.stopped.subject == "side a"
    assert [one.path for one in done.conflicts] == ["a"]
    assert len(done.left) == 1
    assert parted.status().merging == f"cherry-pick of {done.stopped.id[:10]}"
    with pytest.raises(MergeConflictError):
        parted.cherry_pick(["main..side"])
    with pytest.raises(RefusedError, match="under way"):
        parted.cherry_pick("side~2")
    parted.restore(["a"], side="theirs")
    done = parted.cherry_pick(["main..side"])
    assert [commit.subject for commit in done.made] == ["side a", "side three"]
    assert [commit.subject for commit in parted.log(limit=4)] == ["side three", "side a", "side one", "ours"]
    assert done.made[0].author.name == "Bob"


def test_what_is_there_is_not_picked_twice(parted: Repository) -> None:
    parted.cherry_pick("side")
    done = parted.cherry_pick("side")
    assert (done.made, [commit.subject for commit in done.present]) == ([], ["side three"])


def test_continue_is_a_commit(parted: Repository) -> None:
    with pytest.raises(NothingToDoError, match="no cherry-pick"):
        parted.cherry_pick()
    parted.cherry_pick("side~")
    parted.restore(["a"], side="theirs")
    (made,) = parted.cherry_pick().made
    assert (made.message, made.author.name, len(made.parents)) == ("side a", "Bob", 1)


def test_abort_keeps_what_was_picked_before(parted: Repository, files: Files) -> None:
    parted.cherry_pick(["main..side"])
    parted.abort_merge()
    assert files.all() == {"a": b"ours", "one": b"1"}
    assert parted.status().clean
    parted.operations.undo()
    parted.operations.undo()
    assert files.all() == {"a": b"ours"}


def test_a_merge_needs_a_parent(parted: Repository, files: Files) -> None:
    parted.merge("side", strategy="ours")
    merge = parted.head.commit
    assert merge is not None
    parted.switch("other", create=True, start="main~")
    with pytest.raises(InvalidInputError, match="not clear"):
        parted.cherry_pick(merge)
    parted.cherry_pick(merge, parent=1)
    assert files.all() == {"a": b"ours", "one": b"1", "three": b"3"}
