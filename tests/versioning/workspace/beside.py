"""The same work done with plain Git, to compare what comes of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import strategies as st

from tests.faults.tree import File, Tree, read_tree, write_tree


def trees(paths: list[str]) -> st.SearchStrategy[Tree]:
    """A few plain files. No two paths ever hold the same, so nothing looks renamed."""
    numbers = st.dictionaries(st.sampled_from(paths), st.integers(1, 3), max_size=len(paths))
    return numbers.map(lambda found: {path: File(f"{path} {n}\n".encode()) for path, n in found.items()})


def show(root: Path, tree: Tree) -> None:
    """Make the files of a workspace those of `tree`."""
    for path in read_tree(root):
        if path not in tree:
            (root / path).unlink()
    write_tree(root, tree)


class Git:
    """A Git repository in a folder, with the files of a workspace."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self("init", "--quiet", "--initial-branch=main")

    def __call__(self, *words: str, check: bool = True) -> str:
        person = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "core.autocrlf=false"]
        done = subprocess.run(
            ["git", *person, *words], cwd=self.root, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def files(self) -> Tree:
        return read_tree(self.root)

    def staged(self) -> dict[str, str]:
        """Path and content of what is in the index."""
        return {path: self("show", f":{path}") for path in self("ls-files").split()}

    def show(self, tree: Tree) -> None:
        """Make the files those of `tree`."""
        show(self.root, tree)

    def commit(self, message: str) -> str:
        self("add", "-A")
        self("commit", "--quiet", "--allow-empty", "-m", message)
        return self("rev-parse", "HEAD").strip()
