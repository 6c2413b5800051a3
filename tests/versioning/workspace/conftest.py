"""A repository in a temporary folder, and short words for making and looking at files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import aidb
from aidb import Repository

Content = str | bytes
Tree = dict[str, bytes]


class Files:
    """The files of a workspace as a plain dict would hold them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, **contents: Content) -> None:
        """`write(a="1")`; for names with other characters use `put`."""
        for name, content in contents.items():
            self.put(name, content)

    def put(self, name: str | bytes, content: Content = "") -> Path:
        path = self.path(name)
        os.makedirs(path.parent, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def path(self, name: str | bytes) -> Path:
        return self.root / os.fsdecode(name)

    def read(self, name: str) -> str:
        return self.path(name).read_text()

    def remove(self, *names: str) -> None:
        for name in names:
            self.path(name).unlink()

    def all(self) -> Tree:
        """Every file, symlinks as `-> target`; without aidb's and Git's own."""
        found: Tree = {}
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name not in (".aidb", ".git")]
            for name in names + [f for f in folders if os.path.islink(os.path.join(folder, f))]:
                full = os.path.join(folder, name)
                content = (
                    b"-> " + os.fsencode(os.readlink(full))
                    if os.path.islink(full)
                    else Path(full).read_bytes()
                )
                found[os.path.relpath(full, self.root)] = content
        return found

    def age(self) -> None:
        """Make every file old enough for the index to trust it (as seconds of waiting would)."""
        import time

        time.sleep(0.03)


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    root = tmp_path / "work"
    made = aidb.init(root)
    made.config.set("user.name", "Tess Ter")
    made.config.set("user.email", "tess@example.com")
    return made


@pytest.fixture
def files(repo: Repository) -> Files:
    return Files(repo.root)


def short(changes: object) -> list[str]:
    """`M a`, `R old new` for each change."""
    return [
        f"{c.status} {c.old_path} {c.path}" if c.old_path else f"{c.status} {c.path}"
        for c in changes  # type: ignore[attr-defined]
    ]
