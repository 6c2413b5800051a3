"""Branches and tags as mappings."""

from __future__ import annotations

import pytest

from aidb.errors import InvalidNameError, RefusedError, RevisionNotFoundError
from aidb.types import branch_ref
from aidb.versioning.engine import HEAD
from aidb.versioning.head import Head
from aidb.versioning.refs import Branch, Branches, Tag, Tags
from tests.versioning.history import MAIN, History


def test_branches_are_a_mapping(history: History) -> None:
    branches = Branches(history.engine, history.operations)
    assert dict(branches) == {}
    assert branches.current == "main"
    one, two = history.grow("one", "two")
    assert branches.create("clean", "main~1") == Branch("clean", one, False)
    assert dict(branches) == {"clean": Branch("clean", one, False), "main": Branch("main", two, True)}
    assert list(branches) == ["clean", "main"]
    assert len(branches) == 2
    assert "clean" in branches
    assert "other" not in branches
    assert "../x" not in branches
    assert branches.get("..") is None
    assert repr(branches) == "<Branches: clean, main>"
    assert "* main" in branches._repr_html_()
    with pytest.raises(RevisionNotFoundError) as caught:
        branches["claen"]
    assert caught.value.hints == ("Did you mean clean?",)


@pytest.mark.parametrize(
    "name",
    ["", "-x", "a..b", "a b", "HEAD", "@", "a.lock", "a~1", "a\x1b", "/a", "a/", "a@{1}", ".a", "a\\b"],
)
def test_names_that_git_would_refuse(history: History, name: str) -> None:
    history.grow("one")
    with pytest.raises(InvalidNameError):
        Branches(history.engine, history.operations).create(name)
    with pytest.raises(InvalidNameError):
        Tags(history.engine, history.operations).create(name)
    assert list(history.engine.list_refs()) == [MAIN]


def test_create_does_not_overwrite_by_accident(history: History) -> None:
    one, two = history.grow("one", "two")
    branches = Branches(history.engine, history.operations)
    branches.create("clean", one)
    with pytest.raises(RefusedError, match="exists already"):
        branches.create("clean")
    assert branches.create("clean", force=True).commit == two
    assert [e.reason for e in history.engine.reflog(branch_ref("clean"))] == [
        "branch: Reset to HEAD",
        f"branch: Created from {one}",
    ]
    with pytest.raises(RefusedError, match="checked out"):
        branches.create("main", one, force=True)
    with pytest.raises(RevisionNotFoundError):
        branches.create("other", "nowhere")


def test_delete_loses_nothing_unless_told_to(history: History) -> None:
    one, two = history.grow("one", "two")
    branches = Branches(history.engine, history.operations)
    branches.create("merged", one)
    assert branches.delete("merged") == one
    ahead = history.commit({"x": "y"}, two, branch="ahead")
    with pytest.raises(RefusedError, match="no other branch") as caught:
        branches.delete("ahead")
    assert "aidb merge ahead" in caught.value.hints[0]
    Tags(history.engine, history.operations).create("keep", "ahead")
    assert branches.delete("ahead") == ahead
    branches.create("again", ahead)
    Tags(history.engine, history.operations).delete("keep")
    assert branches.delete("again", force=True) == ahead
    for force in (False, True):
        with pytest.raises(RefusedError, match="checked out"):
            branches.delete("main", force=force)
    with pytest.raises(RevisionNotFoundError):
        branches.delete("gone")


def test_rename(history: History) -> None:
    one, two = history.grow("one", "two")
    branches = Branches(history.engine, history.operations)
    branches.create("clean", one)
    with pytest.raises(RefusedError, match="exists already"):
        branches.rename("clean", "main")
    with pytest.raises(RefusedError, match="exists already"):
        branches.rename("clean", "main", force=True)
    branches.rename("main", "trunk")
    assert history.engine.head() == Head("trunk", two)
    branches.rename("trunk", "trunk")
    branches.rename("trunk", "clean", force=True)
    assert dict(branches) == {"clean": Branch("clean", two, True)}
    with pytest.raises(RevisionNotFoundError):
        branches.rename("gone", "x")
    assert history.engine.reflog(HEAD)[-1].new == one


def test_the_first_branch_can_be_renamed_before_it_has_commits(history: History) -> None:
    Branches(history.engine, history.operations).rename("main", "trunk")
    assert history.engine.head() == Head("trunk", None)


def test_tags(history: History) -> None:
    one, two = history.grow("one", "two")
    tags = Tags(history.engine, history.operations)
    assert tags.create("v1", "main~1") == Tag("v1", one)
    assert tags["v1"].commit == one
    with pytest.raises(RefusedError):
        tags.create("v1")
    assert tags.create("v1", force=True).commit == two
    assert "v1" in tags._repr_html_()
    assert tags.delete("v1") == two
    assert dict(tags) == {}
