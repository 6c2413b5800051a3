"""Two and eight processes at once: every acknowledged commit stays, and who is refused is told why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import aidb
from tests.concurrency.crowd import committed, refused, run_crowd
from tests.faults.command import clean_environment

TOLD_WHY = {"concurrency", "ref-changed", "locked", "nothing-to-do"}
"""nothing-to-do: somebody else's commit took what was staged in the shared workspace, so nothing is missing."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one commit."""
    folder = tmp_path / "repo"
    with aidb.init(folder) as repo:
        (folder / "start.txt").write_text("start\n")
        repo.add(["."])
        repo.commit("start")
    return folder


def history(root: Path, revision: str = "main") -> dict[str, str]:
    """Message by commit id, of everything that a branch reaches."""
    with aidb.open(root) as repo:
        return {commit.id: commit.message.strip() for commit in repo.log(revision)}


def check_whole(root: Path) -> None:
    with aidb.open(root) as repo:
        assert repo.fsck().ok
    assert not list((root / ".aidb/tmp").iterdir())
    assert not list((root / ".aidb/git").rglob("*.lock"))


@pytest.mark.parametrize("workers", [2, 8])
def test_one_branch_one_workspace(root: Path, workers: int) -> None:
    reports = run_crowd("commit_in_workspace", root, workers=workers, attempts=6)
    assert {report.error for report in refused(reports)} <= TOLD_WHY
    commits = history(root)
    assert set(committed(reports)) <= commits.keys()
    assert len(set(committed(reports))) == len(committed(reports)) == len(commits) - 1
    with aidb.open(root) as repo:
        assert repo.status().clean
        files = {path for path, _ in repo.at("main").walk()}
    locked = {(report.worker, report.attempt) for report in refused(reports) if report.error == "locked"}
    for report in reports:
        if (report.worker, report.attempt) not in locked:
            assert f"worker-{report.worker}/{report.attempt}.txt" in files
    check_whole(root)


@pytest.mark.parametrize("workers", [2, 8])
def test_one_branch_without_a_workspace(root: Path, workers: int) -> None:
    reports = run_crowd("commit_to_one_branch", root, workers=workers, attempts=8)
    assert refused(reports) == []
    commits = history(root)
    assert set(committed(reports)) <= commits.keys()
    messages = Counter(commits.values())
    assert all(messages[f"{worker}/{attempt}"] == 1 for worker in range(workers) for attempt in range(8))
    check_whole(root)


@pytest.mark.parametrize("workers", [2, 8])
def test_many_branches(root: Path, workers: int) -> None:
    reports = run_crowd("commit_to_own_branch", root, workers=workers, attempts=8)
    assert refused(reports) == []
    for worker in range(workers):
        mine = {report.commit for report in reports if report.worker == worker}
        assert mine <= history(root, f"worker/{worker}").keys()
    check_whole(root)


@pytest.mark.parametrize("workers", [2, 8])
def test_adding_different_folders(root: Path, workers: int) -> None:
    reports = run_crowd("add_a_folder", root, workers=workers, attempts=3)
    assert {report.error for report in refused(reports)} <= TOLD_WHY - {"nothing-to-do"}
    with aidb.open(root) as repo:
        staged = {change.path for change in repo.status().staged}
        wanted = {f"{folder}/{n}.txt" for folder in committed(reports) for n in range(20)}
        assert staged == wanted
        repo.commit("all folders")
        assert all(repo.at().read(path) for path in wanted)
    check_whole(root)


def test_transactions_on_paths_of_their_own(root: Path) -> None:
    """Sixteen processes on one branch: each change lands, in a line of commits that each add exactly one file."""
    reports = run_crowd("transact_on_own_paths", root, workers=16, attempts=4)
    assert refused(reports) == []
    with aidb.open(root) as repo:
        line = list(repo.log("main"))[:-1]
        assert sorted(commit.id for commit in line) == sorted(committed(reports))
        for commit in line:
            (change,) = repo.diff(commit.parents[0], commit.id).changes
            assert change.path == f"worker-{commit.message}.txt"
        assert len(repo.at("main")) == 1 + 16 * 4
    check_whole(root)


def test_transactions_that_touch(root: Path) -> None:
    """A counter that all increment says how many were told that they did: the losers did nothing."""
    with aidb.open(root) as repo, repo.transaction("main", "begin") as tx:
        tx.put("counter", b"0")
    reports = run_crowd("transact_on_a_counter", root, workers=16, attempts=6)
    assert {report.error for report in refused(reports)} <= {"merge-conflict"}
    assert all("counter" in report.message for report in refused(reports))
    assert refused(reports), "nobody met anybody, so this proved nothing"
    with aidb.open(root) as repo:
        assert int(repo.at("main").read("counter")) == len(committed(reports))
        line = list(repo.log("main"))[:-2]
        values = [int(repo.at(commit.id).read("counter")) for commit in line]
    assert {commit.id for commit in line} == set(committed(reports))
    assert values == list(range(len(line), 0, -1))
    check_whole(root)


def test_readers_never_see_half(root: Path) -> None:
    (root / "start.txt").unlink()
    run_crowd("write_a_generation", root, workers=1, attempts=1)
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(run_readers, root)
        writes = run_crowd("write_a_generation", root, workers=1, attempts=25)
        assert len(committed(writes)) >= 24  # the first generation is the one already there
        seen = reading.result()
    assert len(set(seen)) > 1, "the readers saw no change, so they proved nothing"


def run_readers(root: Path) -> list[str]:
    """Two readers, with a starting signal of their own."""
    reports = run_crowd("read_generations", root, workers=2, attempts=150)
    assert refused(reports) == []
    return committed(reports)


def test_commands_at_once(root: Path, tmp_path: Path) -> None:
    """The same by command line: exit code 0, or 6 with a reason, or 1 when there was nothing left to commit."""
    program = [sys.executable, "-c", "import sys; from aidb_cli.main import main; sys.exit(main())"]
    env = clean_environment(tmp_path) | {"PATH": os.environ["PATH"]}

    def add_and_commit(number: int) -> list[tuple[int, str]]:
        (root / f"{number}.txt").write_text(f"{number}\n")
        ends = []
        for argv in (["add", f"{number}.txt"], ["commit", "-m", f"from {number}"]):
            done = subprocess.run(
                [*program, *argv], cwd=root, env=env, capture_output=True, text=True, timeout=120
            )
            ends.append((done.returncode, done.stderr))
        return ends

    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(add_and_commit, range(8)))
    for (added, add_error), (made, commit_error) in ends:
        assert added in (0, 6), add_error
        assert made in (0, 1, 6), commit_error
        assert "Traceback" not in add_error + commit_error
    with aidb.open(root) as repo:
        files = {path for path, _ in repo.at("main").walk()} | {
            change.path for change in repo.status().staged
        }
    assert {f"{number}.txt" for number, ((added, _), _) in enumerate(ends) if added == 0} <= files
    assert len(history(root)) == 1 + sum(made == 0 for _, (made, _) in ends)
    check_whole(root)
