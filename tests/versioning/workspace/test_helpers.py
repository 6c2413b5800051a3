"""Helper processes change nothing but the time that `status` takes."""

from __future__ import annotations

import os
import sys

import pytest

from aidb import Repository, processes
from aidb.versioning.workspace.index.glance import AS_KNOWN
from aidb.versioning.workspace.tree import helpers
from tests.versioning.workspace.conftest import Files, short


@pytest.fixture
def large(repo: Repository, files: Files, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Large enough for two helpers, if 20 files are worth one."""
    for number in range(120):
        files.put(f"d{number % 6}/e{number % 2}/f{number}", str(number))
    files.put("top", "1")
    files.age()
    repo.add()
    repo.commit("one")
    monkeypatch.setattr(helpers, "FILES_EACH", 20)
    monkeypatch.setattr(processes, "_cores", lambda: 3)
    return repo


def asked(repo: Repository) -> int:
    """How many folders helpers would look at."""
    index = repo.workspace.read_index()
    found = helpers.Helpers(str(repo.root), index, index.subfolders())
    try:
        return sum(found.asked(folder) for folder in index.folders())
    finally:
        found.close()


def change(files: Files) -> None:
    for number in (0, 5, 119):
        files.put(f"d{number % 6}/e{number % 2}/f{number}", "changed")
    files.remove("d5/e1/f5", "d1/e1/f1")
    files.put("d5/e1/new", "1")
    files.put("d5/new/x", "1")
    os.symlink("/etc", files.path("d3/link"))


EXPECTED = (["M d0/e0/f0", "D d1/e1/f1", "M d5/e1/f119", "D d5/e1/f5"], ["d3/link", "d5/e1/new", "d5/new/"])


def seen(repo: Repository) -> tuple[list[str], list[str]]:
    status = repo.status()
    return short(status.unstaged), status.untracked


def test_clean_and_changed(large: Repository, files: Files) -> None:
    assert asked(large) > 3
    assert large.status().clean
    change(files)
    assert seen(large) == EXPECTED
    large.add()
    large.commit("two")
    assert large.status().clean


@pytest.mark.parametrize("executable", ["/nonexistent/python3", "/bin/false", ""])
def test_failing_helpers_do_not_matter(
    large: Repository,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: os.PathLike[str],
    executable: str,
) -> None:
    if executable == "/bin/false":
        link = os.path.join(tmp_path, "python-that-fails")
        os.symlink(executable, link)
        executable = link
    monkeypatch.setattr(sys, "executable", executable)
    change(files)
    assert seen(large) == EXPECTED


def test_folder_swapped_for_a_symlink(large: Repository, files: Files) -> None:
    os.rename(files.path("d5"), files.root.parent / "elsewhere")
    os.symlink(files.root.parent / "elsewhere", files.path("d5"))
    unstaged, untracked = seen(large)
    assert len(unstaged) == 20
    assert set(unstaged) == {f"D d5/e1/f{number}" for number in range(5, 120, 6)}
    assert untracked == ["d5"]


def test_no_process_is_left(large: Repository, files: Files) -> None:
    index = large.workspace.read_index()
    for ask_first in (False, True):
        started = helpers.Helpers(str(large.root), index, index.subfolders())
        pids = [helper.pid for helper in started.running]
        assert len(pids) == 2
        if ask_first:
            assert started.glance(b"d5/e1") == AS_KNOWN
        started.close()
        assert started.running == []
        for pid in pids:
            with pytest.raises(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
