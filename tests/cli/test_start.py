"""Start-up is part of speed: what a command does not use, it does not import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Shell

TYPER = {"typer", "click", "rich", "pydantic"}
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
