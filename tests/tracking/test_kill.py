"""Killed at any moment, a run has every call that returned; many at once do not get in each other's way."""

from __future__ import annotations

import mmap
import os
import random
import struct
import time
from pathlib import Path

import pytest

from aidb.repository import Repository
from aidb.tracking.journal.folder import cat
from tests.tracking.reading import points, program

KILLS = int(os.environ.get("AIDB_TEST_KILLS", "6"))
"""How often a process is killed here; for a thorough look, 200."""

SCRIPT = """
import itertools, mmap, os, struct
import aidb
with open("returned", "r+b") as file:
    returned = mmap.mmap(file.fileno(), 8)
run = aidb.start_run("kill", console=False)
for step in itertools.count():
    run.log({"a": step, f"k{step % 5}": step * 0.5}, step=step)
    if step % 50 == 0:
        run.params["p"] = step
        run.log_text("t", f"{step}" * 100)
    returned[:8] = struct.pack("<q", step)
"""


def test_what_returned_is_there(repo: Repository) -> None:
    chance = random.Random(5)
    for _ in range(KILLS):
        (repo.root / "returned").write_bytes(struct.pack("<q", -1))
        with (repo.root / "returned").open("r+b") as file, mmap.mmap(file.fileno(), 8) as counted:
            process = program(SCRIPT, repo.root)
            while struct.unpack("<q", counted[:8])[0] < 0:
                assert process.poll() is None, process.communicate()
                time.sleep(0.002)
            time.sleep(chance.random() * 0.15)
            process.kill()
            process.communicate()
            (returned,) = struct.unpack("<q", counted[:8])
        newest = max((repo.folder / "runs").iterdir(), key=lambda folder: folder.stat().st_mtime_ns)
        found = points(newest, "a")
        assert found == [(step, step) for step in range(len(found))]
        assert returned + 1 <= len(found) <= returned + 2
        params = [line["values"]["p"] for line in cat(newest) if line["type"] == "params"]
        assert params == list(range(0, params[-1] + 1, 50))
        assert params[-1] + 50 > returned
    repo.fsck()


MANY = """
import aidb
with aidb.start_run("many", console=False, capture=False) as run:
    for step in range(2000):
        run.log({"a": step, "b": 0.5}, step=step)
"""


@pytest.mark.parametrize("shared", [False, True])
def test_eight_processes_at_once(repo: Repository, shared: bool) -> None:
    variables = [{"AIDB_RUN_ID": "one", "RANK": str(rank)} if shared else {} for rank in range(8)]
    processes = [program(MANY, repo.root, **each) for each in variables]
    for process in processes:
        assert process.communicate(timeout=120)[1] == ""
    folders: list[Path] = list((repo.folder / "runs").iterdir())
    assert len(folders) == (1 if shared else 8)
    found = [point for folder in folders for point in points(folder, "a")]
    assert sorted(found) == sorted([(step, step) for step in range(2000)] * 8)
