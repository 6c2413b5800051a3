"""A run reproduced from its record alone, in a fresh copy of the folder: same data commit, same code, same result."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aidb
from aidb.tracking.journal.folder import FILES
from aidb.versioning.commits import Person
from tests.faults.command import clean_environment

HELPER = """\
def gradient(error, x):
    return (error * x).mean(), error.mean()
"""
SCRIPT = '''\
"""Fits a line by gradient descent: the same data and code give the same weights, to the last bit."""
import sys

import numpy as np

import aidb
from loss import gradient

LR = 0.1

with aidb.start_run(experiment="line", params={"lr": LR, "steps": int(sys.argv[1])}) as run:
    data = run.use("main:points/")
    x, y = np.loadtxt(data.read("train.csv").decode().splitlines(), delimiter=",").T
    slope, offset = np.random.default_rng(0).standard_normal(2)
    for step in range(int(sys.argv[1])):
        error = slope * x + offset - y
        by_slope, by_offset = gradient(error, x)
        slope, offset = slope - LR * by_slope, offset - LR * by_offset
        run.log({"loss": (error**2).mean(), "slope": slope}, step=step)
'''


class Project:
    """A folder with code in Git and data in aidb, as a person has it."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self._environment = clean_environment(home)

    def do(self, *argv: str) -> str:
        done = subprocess.run(
            argv, cwd=self.root, env=self._environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{argv} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def aidb(self, *argv: str) -> str:
        main = "import sys; from aidb_cli.main import main; sys.exit(main())"
        return self.do(sys.executable, "-c", main, *argv)

    def commit_data(self, message: str) -> None:
        with aidb.open(self.root) as repo:
            repo.add(["points"])
            repo.commit(message, author=Person("Ada", "ada@example.com"))

    def runs(self) -> list[str]:
        """The newest first."""
        with aidb.open(self.root) as repo:
            return list(repo.runs)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def write_points(self, noise: float) -> None:
        rows = [f"{x / 10},{3 * x / 10 + 1 + noise * (x % 3)}" for x in range(20)]
        self.write("points/train.csv", "\n".join(rows))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A run was recorded whose code was in no commit of Git; then data and code went on."""
    root, home = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("home")
    aidb.init(root).close()
    made = Project(root, home)
    made.do("git", "init", "-q")
    made.write("src/train.py", SCRIPT)
    made.write(".gitignore", "points/\n")
    made.do("git", "add", ".")
    made.do("git", "commit", "-qm", "code")
    made.write_points(0.1)
    made.commit_data("points")
    made.write("src/train.py", SCRIPT.replace("LR = 0.1", "LR = 0.05"))  # not committed
    made.write("src/loss.py", HELPER)  # not known to Git
    made.do(sys.executable, str(root / "src/train.py"), "40")
    made.write("src/loss.py", HELPER.replace("error.mean()", "0"))
    made.do("git", "add", ".")
    made.do("git", "commit", "-qm", "another rate")
    made.write("src/train.py", SCRIPT.replace("LR = 0.1", "LR = 0.2"))
    made.write_points(0.9)
    made.commit_data("noisier points")
    return made


@pytest.fixture
def copy(project: Project, tmp_path: Path) -> Iterator[Project]:
    """The folder, copied elsewhere; the one that was copied is not there any more."""
    fresh = tmp_path / "fresh"
    shutil.copytree(project.root, fresh, symlinks=True)
    away = project.root.rename(project.root.with_name("away"))
    yield Project(fresh, tmp_path)
    away.rename(project.root)


def test_from_its_record_alone(copy: Project, tmp_path: Path) -> None:
    [original] = copy.runs()
    copy.aidb("runs", "reproduce", original, "--exec", "-o", str(tmp_path / "again"))
    again = copy.runs()[0]
    assert again != original
    first, second = _record(copy.root, original), _record(copy.root, again)
    assert first == second
    assert len(first["loss"]) == 40


def test_with_the_commands_it_tells(copy: Project, tmp_path: Path) -> None:
    [original] = copy.runs()
    copy.write("again.sh", copy.aidb("runs", "reproduce", original, "-o", str(tmp_path / "again")))
    copy.do("env", f"AIDB_REPOSITORY={copy.root}", "sh", "-e", "again.sh")
    again = copy.runs()[0]
    assert _record(copy.root, original) == _record(copy.root, again)


def _record(root: Path, run: str) -> dict[str, Any]:
    """What must be the same: the data that was read, the code, and every number, to the last bit."""
    with aidb.open(root) as repo:
        found = repo.runs[run]
        files = [root / ".aidb/runs" / run / FILES / kept["name"] for kept in found.code_files]
        return {
            "data": found.read,
            "code": found.captured["code"]["commit"],
            "uncommitted": [
                (kept["about"], file.read_text()) for kept, file in zip(found.code_files, files, strict=True)
            ],
            "params": found.params,
            **{curve.key: curve.y.tolist() for curve in repo.runs.series("loss", "slope", runs=[run])},
        }
