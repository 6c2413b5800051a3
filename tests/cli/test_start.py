"""Start-up is part of speed: what a command does not use, it does not import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aidb import __version__
from tests.cli.conftest import Shell

TYPER = {"typer", "click", "rich", "pydantic"}
VARIABLE = "OPENBLAS_NUM_THREADS"
DATA = {"numpy", "pygit2", "pyfastcdc", "zstandard"}

_SCRIPT = """
import sys
from aidb_cli.main import run
code = run(sys.argv[1:])
sys.stderr.write("\\n" + " ".join(sorted({name.partition(".")[0] for name in sys.modules})))
sys.exit(code)
"""


def imported(folder: Path, *argv: str) -> set[str]:
    """The packages that a fresh process has imported after running a command."""
    ran = subprocess.run([sys.executable, "-c", _SCRIPT, *argv], cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stderr.rsplit("\n", 1)[-1].split())


def test_version_imports_nothing(tmp_path: Path) -> None:
    assert not imported(tmp_path, "--version") & (TYPER | DATA | {"json", "pathlib"})


@pytest.mark.parametrize("argv", [("status",), ("status", "-s"), ("--color", "never", "-C", ".", "status")])
def test_a_clean_status_imports_no_heavy_library(repo: Shell, argv: tuple[str, ...]) -> None:
    repo.commit("first", labels_csv="cat\n")
    repo.ok("status")
    assert not imported(repo.folder, *argv) & (TYPER | DATA)


@pytest.mark.parametrize("argv", [("log",), ("branch",), ("ls",), ("diff", "--stat"), ("config",)])
def test_commands_start_without_typer(repo: Shell, argv: tuple[str, ...]) -> None:
    repo.commit("first", labels_csv="cat\n")
    assert not imported(repo.folder, *argv) & {"typer", "click", "rich", "pydantic"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("argv", [("--version",), ("--help",), ("log",), ("log", "--help")])
def test_output_that_cannot_be_written_is_an_error(repo: Shell, argv: tuple[str, ...]) -> None:
    repo.commit("first", labels_csv="cat\n")
    with open("/dev/full", "w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "aidb_cli", *argv],
            cwd=repo.folder, stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert ran.returncode == 8
    assert ran.stderr.startswith("error: the operation failed: no space left on device\nhint: ")


def test_a_process_ends_with_all_it_had_to_say(repo: Shell) -> None:
    """It ends without taking the interpreter apart, so nothing may be left in a buffer."""
    repo.commit("first", labels_csv="cat\n" * 1000)
    program = [sys.executable, "-m", "aidb_cli"]
    shown = subprocess.run([*program, "cat", "labels.csv"], cwd=repo.folder, capture_output=True, check=True)
    assert shown.stdout == b"cat\n" * 1000
    version = subprocess.run([*program, "--version"], capture_output=True, check=True)
    assert version.stdout == f"aidb {__version__}\n".encode()
    wrong = subprocess.run([*program, "comit"], capture_output=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, b"")
    assert b"aidb commit" in wrong.stderr


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the system does not tell its threads")
@pytest.mark.parametrize("wanted", [None, "1", "2"])
def test_numpy_starts_no_threads(wanted: str | None) -> None:
    """Programs that are run later find the environment as it was."""
    script = (
        "import os; from aidb_cli.lone_numpy import load_numpy_alone; before = dict(os.environ)\n"
        "load_numpy_alone(); import numpy; assert dict(os.environ) == before\n"
        "print(len(os.listdir('/proc/self/task')))"
    )
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if wanted is not None:
        environment[VARIABLE] = wanted
    ran = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
    assert int(ran.stdout) == (min(2, os.cpu_count() or 1) if wanted == "2" else 1)
