"""The ledger is believed in the storm, so here it is shown what must not be."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

import aidb
from tests.concurrency import ledger


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[aidb.Repository]:
    """Ten transfers of two workers, one after the other."""
    chance = random.Random(1)
    with aidb.init(tmp_path / "repo") as repo:
        (repo.root / "start").write_bytes(b"start")
        repo.add()
        repo.commit("start")
        ledger.begin(repo)
        for number in range(10):
            with repo.transaction(ledger.BRANCH, f"{number % 2}") as tx:
                ledger.transfer(tx, number % 2, chance)
        yield repo


def entry(repo: aidb.Repository, *, read: int, wrote: int) -> list[str]:
    """What is found in the log if somebody says that he read this of account 0, and wrote that."""
    with repo.transaction(ledger.BRANCH, "0") as tx:
        tx.put("account/0", b"%d" % wrote)
        told = {"read": {"account/0": read}, "wrote": {"account/0": wrote}}
        tx.put("by/0", json.dumps(told).encode())
    return ledger.check(repo, {"0": 6, "1": 5})


def test_one_after_the_other(repo: aidb.Repository) -> None:
    assert ledger.check(repo, {"0": 5, "1": 5}) == []


def test_what_nobody_was_told_of(repo: aidb.Repository) -> None:
    (problem,) = ledger.check(repo, {"0": 5, "1": 6})
    assert problem == "worker 1 was told of 6 transfers, the log has 5"


def test_a_lost_update(repo: aidb.Repository) -> None:
    now = int(repo.at(ledger.BRANCH).read("account/0"))
    assert any("read {'account/0'" in problem for problem in entry(repo, read=now - 1, wrote=now))


def test_money_out_of_nothing(repo: aidb.Repository) -> None:
    now = int(repo.at(ledger.BRANCH).read("account/0"))
    assert any("money was lost or made" in problem for problem in entry(repo, read=now, wrote=now + 1))


def test_a_write_that_nobody_owns_to(repo: aidb.Repository) -> None:
    with repo.transaction(ledger.BRANCH, "0") as tx:
        tx.put("account/0", b"7")
        tx.put("by/0", json.dumps({"read": {}, "wrote": {}}).encode())
    assert any("where the log makes" in problem for problem in ledger.check(repo, {"0": 6, "1": 5}))
