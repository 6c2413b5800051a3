from __future__ import annotations

import os
from pathlib import Path

import pytest

import aidb
from aidb.repository import Repository


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of whoever runs the tests says anything of runs."""
    for name in list(os.environ):
        if name.startswith("AIDB_") or name in ("RANK", "SLURM_PROCID"):
            monkeypatch.delenv(name)


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return aidb.init(tmp_path / "repo")
