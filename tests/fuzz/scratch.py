"""A folder for targets that read files: one for each process, gone when it ends."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_folders: dict[int, tempfile.TemporaryDirectory[str]] = {}


def scratch(*, clean: bool = False) -> Path:
    """The folder of this process; `clean` empties it first."""
    if os.getpid() not in _folders:
        _folders.clear()
        _folders[os.getpid()] = tempfile.TemporaryDirectory(prefix="aidb-fuzz-")
    folder = Path(_folders[os.getpid()].name)
    if clean:
        for item in folder.iterdir():
            shutil.rmtree(item) if item.is_dir() else item.unlink()
    return folder
