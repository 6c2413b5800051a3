"""A repository with checks, and short words for giving it both."""

from __future__ import annotations

from pathlib import Path

import pytest

import aidb
from aidb import Repository
from aidb.errors import CheckFailedError


class Guarded:
    """A repository whose checks a test writes down as TOML."""

    def __init__(self, root: Path) -> None:
        self.repo: Repository = aidb.init(root)
        self.repo.config.set("user.name", "Tess Ter")
        self.repo.config.set("user.email", "tess@example.com")
        self.root = root

    def write(self, path: str, content: str | bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def checks(self, toml: str) -> None:
        """Stage these checks."""
        self.write(".aidbchecks.toml", toml)
        self.repo.add([".aidbchecks.toml"])

    def check(self, keys: str) -> None:
        """Stage one check, called "it"."""
        self.checks(f'[[check]]\nname = "it"\n{keys}\n')

    def add(self, path: str, content: str | bytes) -> None:
        self.write(path, content)
        self.repo.add([path])

    def commit(self, message: str = "a commit") -> None:
        self.repo.commit(message)

    def found(self) -> list[str]:
        """What a commit made now is told: each finding, then its examples; nothing if it is made."""
        try:
            self.repo.commit("try")
        except CheckFailedError as error:
            return [line for finding in error.findings for line in (str(finding), *finding.examples)]
        return []

    def hook(self, name: str, script: str) -> Path:
        """Put a hook in place."""
        file = self.root / ".aidb" / "hooks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return file


@pytest.fixture
def guarded(tmp_path: Path) -> Guarded:
    return Guarded(tmp_path / "work")
