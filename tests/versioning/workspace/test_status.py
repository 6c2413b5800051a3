"""`status`: what it shows, what it costs, and that it never waits."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from aidb import Repository
from aidb.files import file_lock
from tests.versioning.workspace.conftest import Files, short


def test_new_repository(repo: Repository) -> None:
    status = repo.status()
    assert status.clean
    assert (status.head.branch, status.head.commit) == ("main", None)


def test_all_sections(repo: Repository, files: Files) -> None:
    for name in ("same", "staged", "changed", "both", "gone", "moved"):
        files.put(name, name)
    repo.add()
    repo.commit("one")
    files.put("staged", "1")
    files.put("both", "1")
    (repo.root / "moved").rename(repo.root / "d2")
    repo.add()
    files.put("both", "22")
    files.put("changed", "1")
    files.remove("gone")
    files.put("new", "1")
    files.put("folder/a", "1")
    files.put("folder/b", "1")
    status = repo.status()
    assert short(status.staged) == ["M both", "R moved d2", "M staged"]
    assert short(status.unstaged) == ["M both", "M changed", "D gone"]
    assert status.untracked == ["folder/", "new"]
    assert not status.clean


def test_only_below_paths(repo: Repository, files: Files) -> None:
    for name in ("a", "d/x", "d/y", "dd/z"):
        files.put(name, name)
    repo.add()
    files.put("d/x", "changed")
    files.put("a", "changed")
    files.put("d/new", "new")
    status = repo.status(["d"])
    assert short(status.staged) == ["A d/x", "A d/y"]
    assert short(status.unstaged) == ["M d/x"]
    assert status.untracked == ["d/new"]
    assert short(repo.status(["a"]).unstaged) == ["M a"]


def test_ignored_and_empty_are_not_shown(repo: Repository, files: Files) -> None:
    files.put(".aidbignore", "*.log\n!keep.log\n/build/\nsub/*\n!sub/keep\n")
    files.put("sub/.aidbignore", "deeper.txt\n")
    for name in (
        "a.log",
        "keep.log",
        "d/b.log",
        "build/x",
        "d/build/x",
        "sub/drop",
        "sub/keep",
        "sub/deeper.txt",
    ):
        files.put(name, "1")
    (repo.root / "nothing/at/all").mkdir(parents=True)
    assert repo.status().untracked == [".aidbignore", "d/", "keep.log", "sub/"]
    repo.add(["sub/keep"])
    assert repo.status().untracked == [".aidbignore", "d/", "keep.log"]
    repo.add()
    assert {change.path for change in repo.status().staged} == {
        ".aidbignore",
        "d/build/x",
        "keep.log",
        "sub/keep",
    }


def test_lock_file_is_never_untracked(repo: Repository, files: Files) -> None:
    files.put("aidb.lock", "something")
    assert repo.status().untracked == []


def test_clean_tree_loads_nothing_heavy(repo: Repository, files: Files) -> None:
    for number in range(20):
        files.put(f"d/{number}", str(number))
    files.age()
    repo.add()
    repo.commit("one")
    script = (
        "import sys, aidb; status = aidb.open(sys.argv[1]).status(); assert status.clean;"
        "heavy = {'numpy', 'pygit2', 'pyfastcdc', 'zstandard', 'msgspec', 'pathspec', 'subprocess'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script, str(repo.root)], check=True)


def test_never_waits_for_the_lock(repo: Repository, files: Files) -> None:
    path = files.put("a", "1")
    repo.add()
    repo.commit("one")
    os.utime(path, (1, 1))  # status would like to refresh its row, and cannot
    with file_lock(repo.folder / "locks" / "workspace", what="the workspace"):
        began = time.monotonic()
        assert repo.status().clean
        assert time.monotonic() - began < 1


def test_touched_files_are_remembered(repo: Repository, files: Files) -> None:
    path = files.put("a", "1" * 1000)
    files.age()
    repo.add()
    repo.commit("one")
    os.utime(path, (1, 1))
    files.age()
    before = (repo.folder / "index").stat().st_ino
    assert repo.status().clean
    after = (repo.folder / "index").stat().st_ino
    assert after != before
    assert repo.status().clean
    assert (repo.folder / "index").stat().st_ino == after


def test_symlink_loop_and_odd_places(repo: Repository, files: Files) -> None:
    (repo.root / "loop").symlink_to("loop")
    (repo.root / "up").symlink_to("..")
    files.put("a", "1")
    repo.add()
    repo.commit("one")
    assert repo.status().clean


def test_while_files_come_and_go(repo: Repository, files: Files) -> None:
    """Whatever disappears between listing and looking is no error."""
    for number in range(50):
        files.put(f"d/{number}", str(number))
    repo.add()
    repo.commit("one")
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            for number in range(0, 50, 3):
                (repo.root / f"d/{number}").unlink(missing_ok=True)
                (repo.root / f"new{number}").write_text("x")
                (repo.root / f"d/{number}").write_text(str(number))
                (repo.root / f"new{number}").unlink()

    worker = threading.Thread(target=churn)
    worker.start()
    try:
        for _ in range(30):
            Repository(repo.root).status()
    finally:
        stop.set()
        worker.join()
    assert repo.status().clean


def test_status_survives_a_missing_root_entry(repo: Repository, files: Files, tmp_path: Path) -> None:
    files.put("d/a", "1")
    repo.add()
    (repo.root / "d/a").unlink()
    (repo.root / "d").rmdir()
    (repo.root / "d").symlink_to(tmp_path)
    (tmp_path / "a").write_text("1")
    status = repo.status()
    assert short(status.unstaged) == ["D d/a"]
    assert status.untracked == ["d"]
