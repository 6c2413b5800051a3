"""One process of a crowd: `python -m tests.concurrency.worker JOB ROOT GO ATTEMPTS NUMBER`.

Says that it is ready, waits for the file GO, does its job ATTEMPTS times and prints one JSON line for each. Only
aidb's own errors are reported; anything else is a bug and ends the worker.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import aidb
from aidb.errors import RefChangedError
from aidb.types import CommitId, RefName


def commit_in_workspace(repo: aidb.Repository, worker: int, attempt: int) -> str:
    """Add a file of one's own and commit; all share one workspace, its index and its branch."""
    path = f"worker-{worker}/{attempt}.txt"
    (repo.root / f"worker-{worker}").mkdir(exist_ok=True)
    (repo.root / path).write_text(f"{worker} {attempt}\n")
    repo.add([path])
    return repo.commit(f"{worker}/{attempt}").id


def add_a_folder(repo: aidb.Repository, worker: int, attempt: int) -> str:
    """Add a folder that nobody else adds."""
    folder = repo.root / f"folder-{worker}-{attempt}"
    folder.mkdir()
    for number in range(20):
        (folder / f"{number}.txt").write_text(f"{worker} {attempt} {number}\n")
    repo.add([folder.name])
    return folder.name


def commit_to_one_branch(repo: aidb.Repository, worker: int, attempt: int) -> str:
    return _commit_on(repo, RefName("refs/heads/main"), f"{worker}/{attempt}")


def commit_to_own_branch(repo: aidb.Repository, worker: int, attempt: int) -> str:
    return _commit_on(repo, RefName(f"refs/heads/worker/{worker}"), f"{worker}/{attempt}")


def _commit_on(repo: aidb.Repository, ref: RefName, message: str) -> str:
    """Without a workspace: make the commit, then move the branch if it is still where it was; else try again."""
    engine = repo.engine
    like = engine.read_commit(repo.resolve("main"))
    while True:
        tip = engine.read_ref(ref)
        parents = [tip] if tip else [CommitId(like.id)]
        commit = engine.create_commit(
            root=like.root,
            files=like.files,
            bytes=like.bytes,
            parents=parents,
            message=message,
            author=like.author,
            code=None,
        )
        try:
            engine.update_ref(ref, expected=tip, new=commit, reason=f"commit: {message}")
        except RefChangedError:
            continue
        return commit


def write_a_generation(repo: aidb.Repository, worker: int, attempt: int) -> str:
    """Give every file of a generation the same content, so that a reader can tell half a version from a whole one."""
    for number in range(10):
        (repo.root / f"part-{number}").write_text(f"generation {attempt}\n")
    repo.add(["."])
    return repo.commit(f"generation {attempt}").id


def read_generations(repo: aidb.Repository, worker: int, attempt: int) -> str:
    """Read the branch as it is at this moment: all files must be of one generation."""
    snapshot = repo.at("main")
    seen = {snapshot.read(path) for path, _ in snapshot.walk()}
    assert len(seen) == 1, f"a mixture: {seen}"
    assert len(snapshot) == 10
    time.sleep(0.002)
    return snapshot.commit.id


def transact_on_own_paths(repo: aidb.Repository, worker: int, attempt: int) -> str | None:
    """One transaction on the branch of all, on paths of one's own."""
    with repo.transaction("main", f"{worker}/{attempt}") as tx:
        tx.put(f"worker-{worker}/{attempt}.txt", f"{worker} {attempt}\n".encode())
    return tx.commit_id


def transact_on_a_counter(repo: aidb.Repository, worker: int, attempt: int) -> str | None:
    """Read a number that all share, and put the next one in its place."""
    with repo.transaction("main", f"{worker}/{attempt}") as tx:
        tx.put("counter", b"%d" % (int(tx.read("counter")) + 1))
    return tx.commit_id


JOBS: dict[str, Callable[[aidb.Repository, int, int], str | None]] = {
    job.__name__: job
    for job in (
        commit_in_workspace,
        add_a_folder,
        commit_to_one_branch,
        commit_to_own_branch,
        write_a_generation,
        read_generations,
        transact_on_own_paths,
        transact_on_a_counter,
    )
}


def main(job: str, root: str, go: str, attempts: str, worker: str) -> None:
    repo = aidb.open(root)
    print("ready", flush=True)
    deadline = time.monotonic() + 30
    while not Path(go).exists() and time.monotonic() < deadline:
        time.sleep(0.001)
    for attempt in range(int(attempts)):
        report: dict[str, object] = {"worker": int(worker), "attempt": attempt, "commit": None, "error": None}
        try:
            report["commit"] = JOBS[job](repo, int(worker), attempt)
        except aidb.AidbError as error:
            report |= {"error": error.code, "message": str(error)}
        print(json.dumps(report), flush=True)
    repo.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
