"""When checks are asked, and what a refusal leaves."""

from __future__ import annotations

from typing import Literal

import pytest

from aidb.errors import CheckFailedError, InvalidInputError
from aidb.versioning.gate import Proposal
from tests.checks.conftest import Guarded

CHECK = """
[[check]]
name = "small"
branches = ["main"]
paths = ["*.txt"]
max_size = 3
hint = "Ask Ada."
"""


@pytest.fixture
def two(guarded: Guarded) -> Guarded:
    """main, where a check holds, and side with a large file, checked out at main."""
    guarded.checks(CHECK)
    guarded.add("a.txt", "1")
    guarded.commit("first")
    guarded.repo.switch("side", create=True)
    guarded.add("large.txt", "12345")
    guarded.commit("large")
    guarded.repo.switch("main")
    return guarded


def test_a_refused_commit_leaves_everything_staged(guarded: Guarded) -> None:
    guarded.checks(CHECK)
    guarded.add("large.txt", "12345")
    before = guarded.repo.workspace.staged_root()
    with pytest.raises(CheckFailedError) as caught:
        guarded.repo.commit("no")
    assert (
        caught.value.message
        == "the checks refuse this commit to main: 1 problem found; everything is still staged"
    )
    assert caught.value.hints == (
        "Ask Ada.",
        "Correct it, `aidb add` it and commit again; the checks are in .aidbchecks.toml.",
        "`aidb commit --no-verify` leaves the checks out.",
    )
    assert guarded.repo.workspace.staged_root() == before
    assert guarded.repo.head.commit is None
    guarded.repo.commit("yes", verify=False)


def test_a_branch_without_checks_takes_it(two: Guarded) -> None:
    assert "large.txt" in two.repo.at("side")


@pytest.mark.parametrize("how", ["auto", "never"])
def test_a_refused_merge_leaves_everything_as_it_was(two: Guarded, how: Literal["auto", "never"]) -> None:
    before = (two.repo.head, two.repo.workspace.read_index().state)
    with pytest.raises(
        CheckFailedError, match="refuse this merge to main: .*; nothing was changed"
    ) as caught:
        two.repo.merge("side", fast_forward=how)
    assert caught.value.findings[0].path == "large.txt"
    assert (two.repo.head, two.repo.workspace.read_index().state) == before
    assert not (two.root / "large.txt").exists()
    assert two.repo.status().clean
    two.repo.merge("side", fast_forward=how, verify=False)
    assert (two.root / "large.txt").exists()


def test_a_real_merge_is_checked_as_merged(two: Guarded) -> None:
    two.add("b.txt", "2")
    two.commit("second")
    with pytest.raises(CheckFailedError):
        two.repo.merge("side")
    two.repo.switch("side")
    two.add("large.txt", "1")
    two.commit("smaller")
    two.repo.switch("main")
    assert two.repo.merge("side").kind == "merged"


def test_a_merge_with_conflicts_is_checked_when_it_is_concluded(two: Guarded) -> None:
    two.add("a.txt", "2")
    two.commit("ours")
    two.repo.switch("side")
    two.add("a.txt", "3")
    two.repo.remove(["large.txt"])
    two.commit("theirs")
    two.repo.switch("main")
    assert two.repo.merge("side").kind == "conflicts"
    two.add("a.txt", "4444")
    with pytest.raises(CheckFailedError, match="this merge to main: .*; everything is still staged"):
        two.repo.commit("")
    with pytest.raises(CheckFailedError, match="this merge to main"):
        two.repo.merge("side")
    assert two.repo.status().merging
    two.add("a.txt", "4")
    assert len(two.repo.commit("").parents) == 2


def test_a_revert_is_checked_as_a_commit(guarded: Guarded) -> None:
    guarded.add("a.txt", "1")
    guarded.commit("one")
    guarded.add("a.txt", "2")
    made = guarded.repo.commit("two")
    guarded.checks(CHECK + 'suffixes = ["b.txt"]')
    guarded.commit("no more changes of a.txt")
    with pytest.raises(
        CheckFailedError, match="refuse this commit to main: 1 problem found; nothing was changed"
    ):
        guarded.repo.revert(made.id)
    assert guarded.repo.status().clean
    assert guarded.repo.revert(made.id, verify=False).kind == "merged"


def test_a_cherry_pick_is_checked_as_a_commit(two: Guarded) -> None:
    two.add("b.txt", "2")
    two.commit("so that main has a commit of its own")
    with pytest.raises(
        CheckFailedError, match="refuse this commit to main: 1 problem found; nothing was changed"
    ):
        two.repo.cherry_pick("side")
    assert two.repo.status().clean
    assert len(two.repo.cherry_pick("side", verify=False).made) == 1


def test_a_commit_of_some_paths_is_checked_as_it_becomes(guarded: Guarded) -> None:
    guarded.checks(CHECK)
    guarded.add("a.txt", "1")
    guarded.commit()
    guarded.add("large.txt", "12345")
    guarded.write("a.txt", "2")
    guarded.repo.commit("only a", paths=["a.txt"])
    with pytest.raises(CheckFailedError):
        guarded.repo.commit("large, too")


def test_the_checks_of_the_version_itself_count(guarded: Guarded) -> None:
    guarded.add("a.txt", "12345")
    guarded.commit()
    guarded.checks(CHECK)
    guarded.add("b.txt", "12345")
    assert len(guarded.found()) == 1
    guarded.repo.remove([".aidbchecks.toml"], force=True)
    assert guarded.found() == []


def test_checks_that_cannot_be_read_let_nothing_pass(guarded: Guarded) -> None:
    guarded.checks("[[chekc]]")
    with pytest.raises(InvalidInputError, match="unknown field `chekc`"):
        guarded.commit()
    guarded.checks("[[check]]\nmax_files = 10")
    guarded.commit()


def test_a_version_without_a_workspace(two: Guarded) -> None:
    """As a transaction asks: with manifests, and no working tree."""
    workspace = two.repo.workspace
    old, new = (workspace.manifest(two.repo.commit_at(name).root) for name in ("main", "side"))
    with pytest.raises(CheckFailedError, match="refuse this commit to main: .*; nothing was changed"):
        two.repo.gate.verify(Proposal("commit", "main", old, new))
    two.repo.gate.verify(Proposal("commit", "other", old, new))


def test_looking_by_hand(two: Guarded) -> None:
    checks = two.repo.checks
    assert checks.run().ok
    assert [finding.path for finding in checks.run("side", branch="main").findings] == ["large.txt"]
    assert checks.run("side").checks == []
    assert [finding.path for finding in checks.run("side", since="main", branch="main").findings] == [
        "large.txt"
    ]
    assert checks.run("main").ok
    two.write("a.txt", "12345")
    assert checks.run().ok
    assert [finding.path for finding in checks.run(worktree=True).findings] == ["a.txt"]
    two.repo.add(["a.txt"])
    assert [finding.path for finding in checks.run().findings] == ["a.txt"]


WORKING = """
[[check]]
name = "png"
paths = ["*.png"]
format = "png"
[[check]]
name = "files"
max_files = 3
must_exist = ["gone"]
[[check]]
name = "all"
paths = ["a.png"]
command = "cat *.png; exit 1"
"""


def test_the_working_tree_by_hand(guarded: Guarded) -> None:
    guarded.checks(WORKING)
    guarded.repo.checks.trust()
    guarded.add("gone", "")
    guarded.add("a.png", "1")
    guarded.repo.commit("as it is", verify=False)
    guarded.write("a.png", "not staged")
    (guarded.root / "gone").unlink()
    found = guarded.repo.checks.run(worktree=True).findings
    assert [str(finding) for finding in found] == [
        "a.png: is not readable as png: it does not begin as a PNG file [png: format]",
        "there is no gone [files: must_exist]",
        "`cat *.png; exit 1` does not agree (exit code 1) [all: command]",
    ]
    assert found[-1].examples == ("not staged",)


def test_nothing_temporary_stays(guarded: Guarded) -> None:
    pytest.importorskip("duckdb")
    guarded.check('paths = ["*.csv"]\nnot_null = ["a"]\ncommand = "true"')
    guarded.repo.checks.trust()
    guarded.add("a.csv", "a\n1\n")
    guarded.write("a.csv", "a\n2\n")
    assert guarded.found() == []
    left = [file.name for file in guarded.repo.session.scratch().iterdir()]
    assert not [name for name in left if name.startswith(("check", "table", "program"))]
