"""Writers, readers, transactions and garbage collection at once, with as little grace as there can be.

    python -m tests.concurrency.gc_storm --minutes 10 --seed 1 --transactions 16

Writers commit to branches of their own, choosing contents from a small pool, so that what one of them made garbage a
moment ago is stored again by another; they start branches over and delete them, which makes the garbage. After every
commit its author reads the version back. Others carry money to and fro in transactions on one branch (`ledger`).
Garbage is collected all the time, and what was set aside is deleted a second later. In the end every version that a
branch reaches is read, the ledger must tell of one transaction after the other, and fsck must find nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import aidb
from aidb.errors import MergeConflictError, MissingObjectError, NotFoundError, NothingToDoError
from aidb.types import HEADS, CommitId, Entry, Kind, RefName, RepoPath, branch_ref
from aidb.versioning.garbage import collection
from aidb.versioning.identity import fallback_person
from aidb.versioning.manifest import build
from tests.concurrency import ledger
from tests.faults.command import PROJECT, clean_environment, scratch_folder
from tests.faults.tree import noise

GRACE = timedelta(seconds=1)
SMALL = 60
POOL = SMALL + 4
PATIENCE = 300.0
"""Seconds that a storm may take longer than it was to, on a machine that is busy with something else."""


def content(number: int) -> bytes:
    """The same bytes for the same number; the last few have several chunks."""
    size = 500 + 900 * number if number < SMALL else 400_000
    return noise(size, seed=number)


class Worker:
    """One process: does one thing again and again, each time in a session of its own."""

    def __init__(self, root: Path, job: str, number: int, seed: int) -> None:
        self.root = root
        self.job = job
        self.number = number
        self.chance = random.Random(seed * 1000 + number)
        self.done: Counter[str] = Counter()

    def run(self) -> None:
        """Until the storm is over, telling after each round what is done."""
        note = notes(self.root) / f"{self.job}.{self.number}"
        while not over(self.root).exists():
            with aidb.open(self.root) as repo:
                JOBS[self.job](self, repo)
            fresh = note.with_name(f"new.{self.number}")
            fresh.write_text(json.dumps(self.done))
            fresh.rename(note)

    def choose(self) -> dict[str, int]:
        return {f"{n}": self.chance.randrange(POOL) for n in range(self.chance.randint(1, 6))}


def notes(root: Path) -> Path:
    """The folder where each worker tells what it has done so far."""
    return root.parent / "notes"


def over(root: Path) -> Path:
    """The file that ends the storm."""
    return root.parent / "over"


def write(worker: Worker, repo: aidb.Repository) -> None:
    """Commit to one's own branch, without a workspace, and read it back; sometimes begin the branch again."""
    name = branch_ref(f"w{worker.number}")
    tip = repo.engine.read_ref(name)
    if tip is not None and worker.chance.random() < 0.3:
        repo.engine.update_ref(name, tip, None, "deleted")
        tip = None
        worker.done["deleted"] += 1
    tree = worker.choose()
    commit = _commit(worker, repo, name, tip, tree)
    _read_back(repo, commit, tree)
    worker.done["committed"] += 1


def _commit(
    worker: Worker, repo: aidb.Repository, name: RefName, tip: CommitId | None, tree: dict[str, int]
) -> CommitId:
    with repo.store.writer() as writer:
        entries = []
        for path, number in sorted(tree.items()):
            blob = writer.put_blob(content(number))
            entries.append((RepoPath(path.encode()), Entry(Kind.FILE, blob.size, blob.id, blob.recipe)))
        _dawdle(worker)
        root = build(writer, entries)
    _dawdle(worker)
    size = sum(entry.size for _, entry in entries)
    message = json.dumps(tree)
    person = fallback_person()
    commit = repo.engine.create_commit(root, len(tree), size, [tip] if tip else [], message, person)
    _dawdle(worker)
    repo.engine.update_ref(name, tip, commit, "committed")
    return commit


def _dawdle(worker: Worker) -> None:
    """Give the others time, and now and then more than the whole grace period."""
    time.sleep(worker.chance.choice([0.0, 0.0, 0.01, 0.1, 2.5 if worker.chance.random() < 0.1 else 0.0]))


def _read_back(repo: aidb.Repository, commit: CommitId, tree: dict[str, int]) -> None:
    snapshot = repo.at(commit)
    found = {path: snapshot.read(path) for path, _ in snapshot.walk()}
    assert found == {path: content(number) for path, number in tree.items()}, f"{commit} reads wrong"


def work(worker: Worker, repo: aidb.Repository) -> None:
    """Add and commit in the workspace; sometimes go back to the beginning, which makes all since then garbage."""
    first = [commit.id for commit in repo.log("main")][-1]
    if worker.chance.random() < 0.2:
        repo.reset(first, mode="hard", force=True)
        worker.done["reset"] += 1
    tree = worker.choose()
    for path, number in tree.items():
        (repo.root / path).write_bytes(content(number))
    repo.add(["."])
    _dawdle(worker)
    try:
        commit = repo.commit("work")
    except NothingToDoError:
        return
    snapshot = repo.at(commit.id)
    assert all(snapshot.read(path) == (repo.root / path).read_bytes() for path, _ in snapshot.walk())
    worker.done["committed"] += 1


def read(worker: Worker, repo: aidb.Repository) -> None:
    """Read some branch as it is; what cannot be read must be of a branch that has gone meanwhile."""
    branches = repo.engine.list_refs(HEADS)
    name = worker.chance.choice(sorted(branches))
    commit = branches[name]
    try:
        _read_any(repo, commit)
        worker.done["read"] += 1
    except (MissingObjectError, NotFoundError):
        now = repo.engine.read_ref(name)
        if now is not None and repo.engine.is_ancestor(commit, now):
            raise
        worker.done["gone while reading"] += 1


def _read_any(repo: aidb.Repository, commit: CommitId) -> None:
    """A version of a writer says in its message what it holds."""
    message = repo.engine.read_commit(commit).message
    if message.startswith("{"):
        _read_back(repo, commit, json.loads(message))
    else:
        snapshot = repo.at(commit)
        for path, _ in snapshot.walk():
            snapshot.read(path)


def collect(worker: Worker, repo: aidb.Repository) -> None:
    """Set aside whatever is garbage, delete what was set aside, and sometimes bring it back."""
    # One host, one clock.
    collection._SKEW = 0.0
    since = datetime.now().astimezone() - timedelta(seconds=0.5)
    pruned = repo.garbage.prune(grace=GRACE, thorough=worker.chance.random() < 0.7, moves_since=since)
    worker.done["collections"] += 1
    worker.done["set aside"] += len(pruned.collected.packs)
    worker.done["deleted for good"] += len(pruned.deleted)
    worker.done["brought back"] += len(pruned.garbage.brought_back)
    worker.done["bytes copied"] += pruned.collected.copied_bytes
    if worker.chance.random() < 0.1:
        worker.done["undone"] += len(repo.garbage.undo())
    time.sleep(worker.chance.random() * 0.3)


def transact(worker: Worker, repo: aidb.Repository) -> None:
    """One transfer in the ledger, with something of the pool beside it."""
    try:
        with repo.transaction(ledger.BRANCH, f"{worker.number}") as tx:
            ledger.transfer(tx, worker.number, worker.chance)
            tx.put(f"beside/{worker.number}", content(worker.chance.randrange(POOL)))
        worker.done["landed"] += 1
    except MergeConflictError:
        worker.done["met another"] += 1


JOBS: dict[str, Callable[[Worker, aidb.Repository], None]] = {
    job.__name__: job for job in (write, work, read, collect, transact)
}
CREW = ("write", "write", "write", "work", "read", "read", "collect")
GOALS = (
    ("write", "committed"),
    ("write", "deleted"),
    ("work", "committed"),
    ("read", "read"),
    ("collect", "set aside"),
    ("collect", "deleted for good"),
    ("transact", "landed"),
)
"""What must have been done before a storm has proved anything."""


class Result(NamedTuple):
    """How a storm went: what each kind of worker did, what was wrong, and the versions read in the end."""

    done: dict[str, Counter[str]]
    problems: list[str]
    versions: int

    def __str__(self) -> str:
        lines = [
            f"{job}: " + ", ".join(f"{n:,} {what}" for what, n in each.items())
            for job, each in self.done.items()
        ]
        lines.append(f"{self.versions:,} versions read back in the end")
        return "\n".join([*lines, *self.problems, f"{len(self.problems)} problems"])


def storm(root: Path, seconds: float, seed: int, *, rounds: int = 5, transactions: int = 2) -> Result:
    """Run the crew on a new repository in `root`; then look at everything.

    It takes so many seconds, and as long as it takes until each of the GOALS was reached `rounds` times.
    """
    with aidb.init(root) as repo:
        (root / "start").write_bytes(b"start")
        repo.add()
        repo.commit("start")
        ledger.begin(repo)
    jobs = [*CREW, *["transact"] * transactions]
    crew = [_start(root, job, number, seed) for number, job in enumerate(jobs)]
    problems = _wait_for_goals(root, crew, seconds, rounds)
    over(root).touch()
    for job, process in zip(jobs, crew, strict=True):
        _, errors = process.communicate(timeout=PATIENCE)
        if process.returncode:
            problems.append(f"{job} ended with {process.returncode}: {errors[-3000:]}")
    done = _done(root)
    return Result(done, problems + _check_ledger(root) + _aftermath(root), _read_everything(root))


def _start(root: Path, job: str, number: int, seed: int) -> subprocess.Popen[str]:
    home = root.parent / "home"
    for folder in (home, notes(root)):
        folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.concurrency.gc_storm", "--root", str(root), "--seed", str(seed)]
    return subprocess.Popen(
        [*command, "--job", job, "--number", str(number)],
        cwd=PROJECT,
        env=clean_environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_for_goals(root: Path, crew: list[subprocess.Popen[str]], seconds: float, rounds: int) -> list[str]:
    """What was not reached, though there was time."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds + PATIENCE:
        done = _done(root)
        left = [f"{job}: {what}" for job, what in GOALS if done[job][what] < rounds]
        if any(process.poll() for process in crew) or (passed >= seconds and not left):
            return []
        time.sleep(0.1)
    return [f"not done {rounds} times in {passed:.0f} seconds, so nothing was proved: {', '.join(left)}"]


def _done(root: Path) -> dict[str, Counter[str]]:
    """What each kind of worker has done so far."""
    done: dict[str, Counter[str]] = {job: Counter() for job in JOBS}
    for note in notes(root).iterdir():
        job = note.name.partition(".")[0]
        if job in done:
            done[job].update(json.loads(note.read_text()))
    return done


def _check_ledger(root: Path) -> list[str]:
    landed = {
        note.name.partition(".")[2]: json.loads(note.read_text())["landed"]
        for note in notes(root).glob("transact.*")
    }
    with aidb.open(root) as repo:
        return ledger.check(repo, landed)


def _read_everything(root: Path) -> int:
    with aidb.open(root) as repo:
        commits = {commit.id for tip in repo.engine.list_refs(HEADS).values() for commit in repo.log(tip)}
        for commit in commits:
            _read_any(repo, commit)
        return len(commits)


def _aftermath(root: Path) -> list[str]:
    with aidb.open(root) as repo:
        report = repo.fsck()
    problems = [] if report.ok else [f"fsck: {report}"]
    with aidb.open(root) as repo:
        repo.garbage.prune(grace=timedelta(0), thorough=True, moves_since=datetime.now().astimezone())
        left = repo.garbage.look(grace=timedelta(0), thorough=True)
        if left.plan.condemned or left.quarantined:
            problems.append(f"garbage is left: {left}")
        if not repo.fsck().ok:
            problems.append("fsck finds something after the last collection")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transactions", type=int, default=2, help="processes that make them (2)")
    for name in ("--root", "--job", "--number"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        Worker(Path(given.root), given.job, int(given.number), given.seed).run()
        return 0
    folder = scratch_folder()
    try:
        result = storm(folder / "repo", 60 * given.minutes, given.seed, transactions=given.transactions)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(result)
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
