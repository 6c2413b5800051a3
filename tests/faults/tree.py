"""Folders of files as values: to write one to disk, to read it back, to compare.

A path is a `str` as Python's file functions take it (undecodable bytes as lone surrogates).
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import NamedTuple

from aidb.types import Kind


class File(NamedTuple):
    """What a path holds: a file's bytes or a link's target."""

    data: bytes
    kind: Kind = Kind.FILE

    def __repr__(self) -> str:
        shown = self.data if len(self.data) < 40 else self.data[:16] + b"..." + self.data[-8:]
        return f"{self.kind.name}({len(self.data)}: {shown!r})"


Tree = dict[str, File]


def text(content: str) -> File:
    return File(content.encode())


def link(target: str) -> File:
    return File(os.fsencode(target), Kind.SYMLINK)


def noise(size: int, seed: int) -> bytes:
    """Bytes that do not compress, the same for the same seed."""
    return random.Random(seed).randbytes(size)


def write_tree(root: Path, tree: Tree) -> None:
    """Write these files below `root`, over what is there."""
    for path, file in tree.items():
        write_file(root / path, file)


def write_file(path: Path, file: File) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or file.kind is Kind.SYMLINK:
        path.unlink(missing_ok=True)
    if file.kind is Kind.SYMLINK:
        path.symlink_to(os.fsdecode(file.data))
    else:
        path.write_bytes(file.data)
        path.chmod(0o755 if file.kind is Kind.EXECUTABLE else 0o644)


def read_tree(root: Path, *, skip: tuple[str, ...] = (".aidb", ".git")) -> Tree:
    """Every file and link below `root`; the top-level names in `skip` are left out."""
    tree: Tree = {}
    for folder, folders, names in os.walk(root):
        if folder == str(root):
            folders[:] = [name for name in folders if name not in skip]
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in names + links:
            path = os.path.join(folder, name)
            tree[os.path.relpath(path, root)] = read_file(Path(path))
    return tree


def read_file(path: Path) -> File:
    if path.is_symlink():
        return link(os.readlink(path))
    runs = path.stat().st_mode & 0o100
    return File(path.read_bytes(), Kind.EXECUTABLE if runs else Kind.FILE)


def folders_of(root: Path, *, skip: tuple[str, ...] = (".aidb", ".git")) -> set[str]:
    """Every folder below `root`, empty ones too."""
    found = (Path(folder).relative_to(root) for folder, _, _ in os.walk(root))
    return {str(folder) for folder in found if not folder.parts or folder.parts[0] not in skip}


def copy_folder(source: Path, target: Path) -> None:
    """An exact copy, in place of what `target` was."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
