"""Paths as a caller gives them, made canonical and free of overlap."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from aidb.types import RepoPath, repo_path
from aidb.versioning.workspace.tree.folders import parents

Given = Iterable[str | os.PathLike[str]]


def targets(root: Path, paths: Given) -> list[bytes]:
    """Canonical paths, sorted, none inside another; b"" stands for the whole workspace.

    Absolute paths inside the workspace are taken as well. Raises InvalidPathError.
    """
    found = {target(root, path) for path in paths}
    if b"" in found:
        return [b""]
    return sorted(path for path in found if not any(parent in found for parent in parents(path)))


def target(root: Path, path: str | os.PathLike[str]) -> bytes:
    """One path; b"" for the workspace itself."""
    text = os.fspath(path)
    if os.path.isabs(text):
        text = _below(root, text)
    if not os.path.normpath(text).strip("."):
        return b"" if os.path.normpath(text) == "." else repo_path(text)
    return repo_path(text)


def covers(targets: Iterable[bytes], path: bytes) -> bool:
    """Whether a path is one of `targets` or lies below one."""
    return any(not given or path == given or path.startswith(given + b"/") for given in targets)


def _below(root: Path, path: str) -> str:
    for base in (os.fspath(root), os.path.realpath(root)):
        if path == base:
            return "."
        if path.startswith(base.rstrip("/") + "/"):
            return path[len(base.rstrip("/")) + 1 :]
    return path


def as_repo_path(path: bytes) -> RepoPath:
    """A path that came from the index or the disk, where it cannot be a bad one."""
    return RepoPath(path)
