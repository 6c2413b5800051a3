"""Transactions pass the same gate as commits, without a workspace."""

from __future__ import annotations

import pytest

from aidb.errors import CheckFailedError, ProtectedBranchError
from tests.checks.conftest import Guarded


@pytest.fixture
def small(guarded: Guarded) -> Guarded:
    guarded.check('branches = ["main"]\npaths = ["*.txt"]\nmax_size = 3')
    guarded.commit()
    return guarded


def put(guarded: Guarded, branch: str, content: bytes, *, verify: bool = True) -> None:
    with guarded.repo.transaction(branch, "by transaction", create=True, verify=verify) as tx:
        tx.put("a.txt", content)


def test_a_transaction_is_checked_as_a_commit(small: Guarded) -> None:
    before = small.repo.branches["main"]
    with pytest.raises(
        CheckFailedError, match="refuse this commit to main: .*; nothing was changed"
    ) as caught:
        put(small, "main", b"12345")
    assert caught.value.findings[0].path == "a.txt"
    assert small.repo.branches["main"] == before
    put(small, "main", b"1")
    put(small, "other", b"12345")
    put(small, "main", b"12345", verify=False)


def test_what_it_becomes_on_a_branch_that_moved_is_checked(guarded: Guarded) -> None:
    guarded.check("max_files = 3")
    guarded.commit()
    tx = guarded.repo.transaction("main", "two more")
    tx.put("b", b"")
    tx.put("c", b"")
    with guarded.repo.transaction("main", "first") as first:
        first.put("a", b"")
    with pytest.raises(CheckFailedError, match="1 problem"):
        tx.commit()


def test_protected_branches_refuse_at_once(small: Guarded) -> None:
    small.repo.branches.protections.protect("main")
    with pytest.raises(ProtectedBranchError, match="takes no direct commits"):
        small.repo.transaction("main", "no")
    small.repo.branches.protections.protect("main", ["commit"])
    put(small, "main", b"1")
    with pytest.raises(ProtectedBranchError, match="checks cannot be skipped"):
        small.repo.transaction("main", "no", verify=False)


def test_hooks_hear_of_it(small: Guarded) -> None:
    told: list[str] = []
    small.repo.tell = told.append
    small.hook("commit-msg", 'echo "Reviewed." > "$1"')
    small.hook("post-commit", "echo $AIDB_BRANCH")
    put(small, "main", b"1")
    assert small.repo.commit_at("main").message == "Reviewed."
    assert told == ["main"]
