"""Hooks: programs of this place that are asked or told."""

from __future__ import annotations

import os
import sys

import pytest

from aidb.errors import CheckFailedError, RefusedError
from tests.checks.conftest import Guarded


def test_pre_commit_refuses_by_its_exit_code(guarded: Guarded) -> None:
    guarded.add("a", "1")
    guarded.hook("pre-commit", "echo the disk is full; exit 4")
    with pytest.raises(
        CheckFailedError, match=r"the hook pre-commit does not agree \(exit code 4\)"
    ) as caught:
        guarded.repo.commit("no")
    assert caught.value.findings[0].examples == ("the disk is full",)
    assert guarded.repo.head.commit is None
    guarded.repo.commit("yes", verify=False)


def test_pre_commit_is_told_what_changes(guarded: Guarded) -> None:
    guarded.add("a", "1")
    guarded.hook("pre-commit", "echo $AIDB_HOOK $AIDB_BRANCH $(xargs -0 echo) $PWD; exit 1")
    with pytest.raises(CheckFailedError) as caught:
        guarded.repo.commit("no")
    assert caught.value.findings[0].examples == (f"pre-commit main a {guarded.root}",)


def test_what_is_not_executable_is_no_hook(guarded: Guarded) -> None:
    guarded.hook("pre-commit", "exit 1").chmod(0o644)
    guarded.add("a", "1")
    guarded.commit()


def test_commit_msg_may_edit_and_refuse(guarded: Guarded) -> None:
    guarded.add("a", "1")
    guarded.hook("commit-msg", 'grep -q good "$1" || exit 1; echo " (signed)" >> "$1"')
    with pytest.raises(CheckFailedError, match="commit-msg"):
        guarded.repo.commit("a bad message")
    assert guarded.repo.commit("a good message").message == "a good message (signed)"


def test_merges_have_their_own(guarded: Guarded) -> None:
    repo = guarded.repo
    guarded.add("a", "1")
    guarded.commit()
    repo.switch("side", create=True)
    guarded.add("b", "1")
    guarded.commit()
    repo.switch("main")
    before = repo.head
    hook = guarded.hook("pre-merge", "exit 1")
    with pytest.raises(CheckFailedError, match="pre-merge"):
        repo.merge("side")
    assert repo.head == before
    assert not (guarded.root / "b").exists()
    hook.unlink()
    assert repo.merge("side").kind == "fast-forward"


def test_post_hooks_are_told(guarded: Guarded) -> None:
    told: list[str] = []
    guarded.repo.tell = told.append
    for hook in ("post-commit", "post-merge", "post-switch"):
        guarded.hook(hook, "echo $AIDB_HOOK $AIDB_BRANCH")
    guarded.add("a", "1")
    guarded.commit()
    guarded.repo.switch("side", create=True)
    guarded.add("b", "1")
    guarded.commit()
    guarded.repo.switch("main")
    guarded.repo.merge("side")
    guarded.repo.merge("side")  # up to date: nothing happens
    guarded.repo.revert("HEAD")
    assert told == [
        "post-commit main",
        "post-switch side",
        "post-commit side",
        "post-switch main",
        "post-merge main",
        "post-commit main",
    ]


@pytest.mark.parametrize("script", ["exit 9", "kill -9 $$"])
def test_a_post_hook_that_fails_changes_nothing(guarded: Guarded, script: str) -> None:
    told: list[str] = []
    guarded.repo.tell = told.append
    guarded.hook("post-commit", script)
    guarded.add("a", "1")
    guarded.commit()
    assert told[0].startswith("the hook post-commit failed (")


def test_a_hook_that_cannot_be_run(guarded: Guarded) -> None:
    told: list[str] = []
    guarded.repo.tell = told.append
    guarded.hook("post-commit", "").write_text("#!/no/such/program\n")
    guarded.add("a", "1")
    guarded.commit()
    assert "post-commit failed" in told[0]


def test_a_post_hook_may_change_the_workspace(guarded: Guarded) -> None:
    guarded.hook("post-commit", f"rm .aidb/hooks/post-commit; {sys.executable} -m aidb_cli add b")
    guarded.write("b", "1")
    guarded.add("a", "1")
    guarded.commit()
    assert [change.path for change in guarded.repo.status().staged] == ["b"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a file away")
def test_a_hook_of_somebody_else_does_not_run(guarded: Guarded) -> None:
    hook = guarded.hook("pre-commit", "exit 0")
    os.chown(hook, 12345, 12345)
    guarded.add("a", "1")
    with pytest.raises(RefusedError, match="belongs to another user") as caught:
        guarded.commit()
    assert str(hook) in caught.value.hints[0]
