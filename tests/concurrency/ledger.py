"""Accounts that many processes move money between, on one branch, and what the branch's log must tell of it.

Each transaction reads some accounts and writes one or two, and puts down what it read and wrote. As if each had been
done after the one before it in the log: what it read is what the log's model holds just then, what it wrote is what the
model holds from then on. A transfer that is told it landed is in the log once, and no money is lost.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping

import aidb
from aidb.transaction import Transaction

BRANCH = "ledger"
ACCOUNTS = 8
EACH = 1000

Balances = dict[str, int]


def begin(repo: aidb.Repository) -> None:
    """Make the branch, with the same on every account."""
    repo.branches.create(BRANCH)
    with repo.transaction(BRANCH, "begin") as tx:
        for number in range(ACCOUNTS):
            tx.put(f"account/{number}", b"%d" % EACH)


def transfer(tx: Transaction, worker: int, chance: random.Random) -> None:
    """Move something from one account to another that has less; often only look."""
    names = [f"account/{number}" for number in chance.sample(range(ACCOUNTS), 3)]
    read = {name: int(tx.read(name)) for name in names}
    wrote: Balances = {}
    rich, poor = max(names, key=read.__getitem__), min(names, key=read.__getitem__)
    if rich != poor and chance.random() < 0.7:
        amount = chance.randint(1, max(1, read[rich] // 2))
        wrote = {rich: read[rich] - amount, poor: read[poor] + amount}
    for name, balance in wrote.items():
        tx.put(name, b"%d" % balance)
    tx.put(f"by/{worker}", json.dumps({"read": read, "wrote": wrote, "mark": chance.random()}).encode())


def check(repo: aidb.Repository, landed: Mapping[str, int]) -> list[str]:
    """What is wrong with the log; `landed` is how many transfers each worker was told of."""
    log = [commit for commit in repo.log(BRANCH) if commit.message.strip().isdecimal()][::-1]
    problems = [
        f"worker {worker} was told of {landed.get(worker, 0)} transfers, the log has {count}"
        for worker, count in _counts(landed, Counter(commit.message.strip() for commit in log)).items()
        if count != landed.get(worker, 0)
    ]
    model = {f"account/{number}": EACH for number in range(ACCOUNTS)}
    for commit in log:
        snapshot = repo.at(commit.id)
        told = json.loads(snapshot.read(f"by/{commit.message.strip()}"))
        if wrong := {name: seen for name, seen in told["read"].items() if model[name] != seen}:
            problems.append(f"{commit.id} read {wrong} where the log before it makes {model}")
        model |= told["wrote"]
        found = {name: int(snapshot.read(name)) for name in model}
        if found != model:
            problems.append(f"{commit.id} holds {found} where the log makes {model}")
    if sum(model.values()) != ACCOUNTS * EACH:
        problems.append(f"money was lost or made: {model}")
    return problems


def _counts(landed: Mapping[str, int], found: Counter[str]) -> dict[str, int]:
    return {worker: found[worker] for worker in landed.keys() | found.keys()}
