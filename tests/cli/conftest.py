"""Runs the command line in this process, in a folder and with an environment of its own."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from aidb_cli.main import run


class Ran(NamedTuple):
    """What a command line came to."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def err(self) -> str:
        return self.stderr.decode()


class Shell:
    """A person in a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch

    def __call__(self, *argv: str) -> Ran:
        """Run `aidb ARGV…` where the person is."""
        stdout, stderr = io.BytesIO(), io.BytesIO()
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", io.TextIOWrapper(stdout, encoding="utf-8"))
            patch.setattr(sys, "stderr", io.TextIOWrapper(stderr, encoding="utf-8"))
            patch.chdir(self.folder)
            code = run(argv)
            sys.stdout.flush()
            sys.stderr.flush()
            return Ran(code, stdout.getvalue(), stderr.getvalue())

    def ok(self, *argv: str) -> str:
        """Run a command that must succeed; its standard output."""
        ran = self(*argv)
        assert ran.code == 0, ran.err
        return ran.out

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file, with its folders. Its time is always new, so no test waits for a clock tick."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str, **files: str) -> str:
        """Write files (`labels_csv` means labels.csv), commit everything and return the id."""
        for name, content in files.items():
            self.write(name.replace("_", "."), content)
        self.ok("add", "-A")
        self.ok("commit", "-q", "-m", message)
        import json

        commit_id: str = json.loads(self.ok("show", "--json", "--stat"))["id"]
        return commit_id


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A person with an empty home, in an empty folder."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith(("AIDB_", "GIT_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AIDB_AUTHOR_NAME", "Ada Lovelace")
    monkeypatch.setenv("AIDB_AUTHOR_EMAIL", "ada@example.com")
    monkeypatch.setenv("COLUMNS", "100")
    work = tmp_path / "work"
    work.mkdir()
    return Shell(work, monkeypatch)


@pytest.fixture
def repo(shell: Shell) -> Shell:
    """The same person in a new repository."""
    shell.ok("init", "-q")
    return shell
