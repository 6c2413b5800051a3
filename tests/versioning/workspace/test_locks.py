"""Several commands at once: one changes, the others wait or are told who holds the lock."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from aidb import Repository
from aidb.errors import LockedError
from tests.versioning.workspace.conftest import Files


def test_locked_names_the_process(repo: Repository) -> None:
    other = Repository(repo.root).workspace
    with repo.workspace.changing(), pytest.raises(LockedError, match=rf"process {os.getpid()}"):
        other.changing(timeout=0.1).__enter__()


def test_threads_share_one_repository(repo: Repository, files: Files) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(5):
                files.put(f"d{number}/{step}", f"{number} {step}")
                repo.add([f"d{number}"])
                repo.status()
        except BaseException as error:  # noqa: BLE001 - whatever it was, the test must say so
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert repo.commit("all").files == 20
    assert repo.status().clean


SCRIPT = """
import sys, aidb
from aidb.errors import NothingToDoError
root, number = sys.argv[1:]
repo = aidb.open(root)
for step in range(4):
    path = f"p{number}/{step}"
    (repo.root / f"p{number}").mkdir(exist_ok=True)
    (repo.root / path).write_text(path)
    repo.add([path])
    try:
        repo.commit(path)
    except NothingToDoError:
        pass  # another process committed what we had staged
"""


def test_processes_share_one_workspace(repo: Repository, files: Files) -> None:
    running = [subprocess.Popen([sys.executable, "-c", SCRIPT, str(repo.root), str(n)]) for n in range(4)]
    assert [process.wait(60) for process in running] == [0] * 4
    again = Repository(repo.root)
    assert again.status().clean
    assert again.commit_at("HEAD").files == 16
    for path, content in files.all().items():
        assert again.at("HEAD").read(path) == content
