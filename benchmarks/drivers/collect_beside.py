"""Garbage collection while others work: `collect_beside.py FOLDER`; prints how many seconds it took.

FOLDER is a repository that `half_garbage.py` made. Its packs are made to look a day old, so that a grace period does
not spare them; what is collected therefore stays in quarantine. Until `aidb gc` ends, another session reads files
and commits new ones, in turn; every byte that it reads is verified.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import aidb

_PAUSE = 0.02
"""Seconds between two steps of the session beside it: it is there to see it held up, not to take the processors."""


def work_beside(repository: aidb.Repository, collection: subprocess.Popen[bytes]) -> str:
    """Read and commit until the collection ends; how often that was done, and the longest that it took."""
    snapshot = repository.at()
    names = list(snapshot)
    repository.branches.create("beside")
    source = random.Random(7)
    reads: list[float] = []
    commits: list[float] = []
    while not commits or collection.poll() is None:
        reads.append(_timed(lambda: snapshot.read(source.choice(names))))
        commits.append(_timed(lambda: _commit(repository, len(commits))))
        time.sleep(_PAUSE)
    kept = repository.at("beside")
    assert all(kept.read(_name(number)) == _content(number) for number in range(len(commits)))
    return f"{len(reads)} reads and as many commits, at most {max(reads):.2f} s and {max(commits):.2f} s"


def _commit(repository: aidb.Repository, number: int) -> None:
    with repository.transaction("beside", message=f"commit {number}") as changes:
        changes.put(_name(number), _content(number))


def _name(number: int) -> str:
    return f"beside/{number:06}.txt"


def _content(number: int) -> bytes:
    return b"written while garbage is collected: %d\n" % number


def _timed(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def main(folder: Path) -> None:
    yesterday = time.time() - 86400
    for pack in (folder / ".aidb" / "store" / "packs").iterdir():
        os.utime(pack, (yesterday, yesterday))
    program = str(Path(sys.executable).with_name("aidb"))
    with aidb.open(folder) as repository:
        repository.at()
        began = time.perf_counter()
        argv = [program, "gc", "--prune", "--grace", "1h", "--reflog-expire", "0"]
        with subprocess.Popen(argv, cwd=folder) as collection:
            told = work_beside(repository, collection)
        took = time.perf_counter() - began
    if collection.returncode:
        sys.exit(f"aidb gc ended with {collection.returncode}")
    print(told)
    print("seconds", took)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
