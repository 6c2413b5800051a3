"""What a run has recorded, as the tests look at it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from aidb.tracking.journal.folder import cat


def lines(folder: Path, kind: str | None = None) -> list[dict[str, Any]]:
    """The lines of a run, or those of one kind."""
    return [line for line in cat(folder) if kind in (None, line["type"])]


def points(folder: Path, key: str) -> list[tuple[int, Any]]:
    """Steps and values of a metric, as logged."""
    return [(line["step"], line["values"][key]) for line in lines(folder, "points") if key in line["values"]]


def only_run(root: Path) -> Path:
    """The folder of the only run of a repository."""
    (folder,) = (root / ".aidb" / "runs").iterdir()
    return folder


def program(script: str, folder: Path, **variables: str) -> subprocess.Popen[str]:
    """A Python program that starts in `folder`."""
    return subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
