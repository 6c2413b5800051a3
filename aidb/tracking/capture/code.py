"""The code of a run: the commit of the Git repository around the script, and what is in no commit."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aidb.tracking.capture.secrets import without_passwords
from aidb.tracking.journal.events import Stored
from aidb.versioning.git_command import ask_git

if TYPE_CHECKING:
    from aidb.tracking.capture.script import Keep

MOST_DIFF = 4 << 20
"""Longest uncommitted diff that is kept, in bytes."""
MOST_SOURCE = 256 << 10
MOST_SOURCES = 200
_SOURCES = [
    ".py",
    ".pyi",
    ".ipynb",
    ".sh",
    ".bash",
    ".sql",
    ".r",
    ".jl",
    ".c",
    ".cc",
    ".cpp",
    ".cu",
    ".cuh",
    ".h",
    ".hpp",
    ".rs",
    ".toml",
    ".yaml",
    ".yml",
    ".cfg",
    ".ini",
    ".jinja",
    ".j2",
]


def code(keep: Keep, folder: Path) -> tuple[dict[str, Any], tuple[Stored, ...]]:
    """Commit, branch, address and uncommitted changes of the Git repository around `folder`; empty if there is none."""
    top = _line(ask_git(folder, "rev-parse", "--show-toplevel"))
    if not top:
        return {}, ()
    root = Path(top)
    commit = _line(ask_git(root, "rev-parse", "--verify", "--quiet", "HEAD"))
    diff = ask_git(root, "diff", "--binary", "--no-color", "--no-ext-diff", "HEAD") if commit else None
    values: dict[str, Any] = {
        "root": top,
        "commit": commit or None,
        "branch": _line(ask_git(root, "symbolic-ref", "--short", "--quiet", "HEAD")) or None,
        "remote": without_passwords(_line(ask_git(root, "config", "--get", "remote.origin.url"))) or None,
        "folder": os.path.relpath(folder, root),
        "changed": bool(diff),
    }
    files = list(_untracked(keep, root))
    if diff and len(diff) <= MOST_DIFF:
        files.insert(0, keep(diff, ".diff", role="diff"))
    elif diff:
        values["diff_too_long"] = len(diff)
    return values, tuple(files)


def _untracked(keep: Keep, root: Path) -> Iterator[Stored]:
    """Small sources that Git neither knows nor ignores."""
    listed = ask_git(root, "ls-files", "--others", "--exclude-standard", "-z") or b""
    names = [
        name for name in listed.split(b"\0") if os.path.splitext(os.fsdecode(name))[1].lower() in _SOURCES
    ]
    for name in names[:MOST_SOURCES]:
        path = root / os.fsdecode(name)
        try:
            about = path.lstat()
            if stat.S_ISREG(about.st_mode) and about.st_size <= MOST_SOURCE:
                shown = name.decode("utf-8", "replace")
                yield keep(path.read_bytes(), path.suffix.lower(), role="untracked", path=shown)
        except OSError:
            continue


def _line(answer: bytes | None) -> str:
    return (answer or b"").decode("utf-8", "replace").strip()
