"""Between paths as people type them, in the folder they are in, and paths in the repository."""

from __future__ import annotations

import os

from aidb.errors import InvalidPathError
from aidb.types import show_path


def inside(root: str, path: str) -> str:
    """`path`, typed in the current folder, relative to `root`; `.` for the root itself.

    Raises InvalidPathError if it lies outside. A last component that is a link is not followed.
    """
    if not path:
        raise InvalidPathError("the empty path names no file", hints=("`.` is the current folder.",))
    full = os.path.normpath(os.path.join(os.getcwd(), path))
    relative = _below(root, full)
    if relative is None:
        # The same place by another way: a link above the repository.
        parent = os.path.realpath(os.path.dirname(full))
        relative = _below(os.path.realpath(root), os.path.join(parent, os.path.basename(full)))
    if relative is None:
        raise InvalidPathError(
            f"{show_path(path)} is outside the repository {show_path(root)}",
            hints=("Give a path inside it, or go to the other repository with `aidb -C DIR`.",),
        )
    return relative


def _below(root: str, full: str) -> str | None:
    if full == root:
        return "."
    prefix = root.rstrip("/") + "/"
    return full[len(prefix) :] if full.startswith(prefix) else None


def from_here(root: str, path: str) -> str:
    """`path`, relative to `root`, relative to the current folder instead; a trailing `/` stays."""
    here = _below(root, os.getcwd())
    if here in (None, "."):
        return path
    return os.path.relpath(path, here) + ("/" if path.endswith("/") else "")
