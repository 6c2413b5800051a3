"""Finding the first bad commit."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb import Repository
from aidb.errors import DamagedObjectError, NothingToDoError, RefusedError
from aidb.types import CommitId
from aidb.versioning.ancestry import is_ancestor
from aidb.versioning.bisection import halve
from aidb.versioning.workspace import Step
from tests.versioning.history import MAIN, History
from tests.versioning.workspace.conftest import Files


@pytest.fixture
def long(repo: Repository, files: Files) -> Repository:
    """Twelve commits; from the eighth on there is a file `broken`."""
    for number in range(12):
        files.write(a=str(number))
        if number == 7:
            files.write(broken="yes")
        repo.add()
        repo.commit(f"number {number}")
    repo.tags.create("v0", "HEAD~11")
    return repo


def test_by_hand(long: Repository, files: Files) -> None:
    step = long.bisect.start("HEAD", ["v0"])
    tests = 0
    while step.kind == "test":
        assert step.commit is not None
        assert long.head == (None, step.commit.id)
        tests += 1
        step = long.bisect.mark("bad" if files.path("broken").exists() else "good")
    assert step.kind == "found"
    assert step.commit is not None
    assert step.commit.subject == "number 7"
    assert tests <= 4
    assert long.bisect.reset() == "main"
    assert long.head.branch == "main"
    assert long.bisect.marks is None


def test_a_command_decides(long: Repository) -> None:
    long.bisect.start("HEAD", ["v0"])
    told: list[Step] = []
    step = long.bisect.run(["test", "!", "-e", "broken"], report=told.append)
    assert step.commit is not None
    assert step.commit.subject == "number 7"
    assert all(one.kind == "test" for one in told)


def test_skipping_until_nothing_can_be_told(long: Repository) -> None:
    long.bisect.start("HEAD", ["HEAD~3"])
    step = long.bisect.run(["sh", "-c", "exit 125"])
    assert step.kind == "undecided"
    assert step.left == 3


@pytest.mark.parametrize("command", [["sh", "-c", "exit 128"], ["sh", "-c", "kill -9 $$"], ["./nothing"]])
def test_a_command_that_says_nothing_stops(long: Repository, command: list[str]) -> None:
    long.bisect.start("HEAD", ["v0"])
    known = long.bisect.marks
    with pytest.raises(RefusedError):
        long.bisect.run(command)
    assert long.bisect.marks == known


def test_mistakes(long: Repository) -> None:
    for attempt in (long.bisect.reset, long.bisect.step, lambda: long.bisect.mark("good")):
        with pytest.raises(NothingToDoError, match="no search"):
            attempt()
    assert long.bisect.start().kind == "waiting"
    with pytest.raises(NothingToDoError, match="known first"):
        long.bisect.run(["true"])
    long.bisect.mark("good", ["v0"])
    with pytest.raises(RefusedError, match="wrong way round|cannot be bad"):
        long.bisect.start("v0", ["HEAD"])
    long.bisect.mark("bad", ["HEAD"])
    (long.folder / "bisect").write_bytes(b"{")
    with pytest.raises(DamagedObjectError, match="cannot be read") as caught:
        long.bisect.mark("good")
    assert "aidb bisect reset" in caught.value.hints[0]
    where = long.head
    long.bisect.reset()
    assert (long.bisect.marks, long.head) == (None, where)


def test_local_work_is_not_lost(long: Repository, files: Files) -> None:
    from aidb.errors import WouldOverwriteError

    files.write(a="my work")
    with pytest.raises(WouldOverwriteError):
        long.bisect.start("HEAD", ["v0"])
    assert files.read("a") == "my work"


@settings(max_examples=15)
@given(st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=2), min_size=3, max_size=14), st.data())
def test_finds_what_git_finds(
    tmp_path_factory: pytest.TempPathFactory, shape: list[list[int]], data: st.DataObject
) -> None:
    """On histories with merges. The commit that broke it is the first bad one of all that hold it."""
    history = History(tmp_path_factory.mktemp("history") / "repository")
    commits = [history.commit({"0": "0"})]
    for number, steps in enumerate(shape, start=1):
        parents = {commits[max(0, number - step)] for step in steps}
        commits.append(history.commit({"0": str(number)}, *sorted(parents), message=str(number)))
    tip = commits[-1]
    broken = data.draw(st.sampled_from([c for c in commits[1:] if is_ancestor(history.engine.links, c, tip)]))

    def is_bad(commit: CommitId) -> bool:
        return is_ancestor(history.engine.links, broken, commit)

    found = _search(history, tip, commits[0], is_bad)
    history.engine.update_ref(MAIN, None, tip, "test")
    bad = {commit for commit in commits if is_bad(commit)}
    script = history.folder / "check.sh"
    script.write_text(f"#!/bin/sh\ngit rev-parse BISECT_HEAD | grep -qvE '{'|'.join(bad)}'\n")
    script.chmod(0o755)
    assert found == broken == _git_finds(history.git_folder, tip, commits[0], script)


def _search(history: History, bad: CommitId, good: CommitId, is_bad: Callable[[CommitId], bool]) -> CommitId:
    goods = [good]
    while True:
        left = halve(history.engine, bad, goods)
        if len(left.candidates) == 1:
            return left.candidates[0]
        assert left.next is not None
        if is_bad(left.next):
            bad = left.next
        else:
            goods.append(left.next)


def _git_finds(folder: Path, bad: str, good: str, script: Path) -> str:
    git = ["git", "--git-dir", str(folder), "bisect"]
    env = {"GIT_DIR": str(folder), "PATH": "/usr/bin:/bin"}
    subprocess.run([*git, "start", "--no-checkout", bad, good], check=True, capture_output=True, env=env)
    ran = subprocess.run([*git, "run", str(script)], check=True, capture_output=True, text=True, env=env)
    return next(line.split()[0] for line in ran.stdout.splitlines() if "is the first bad commit" in line)
