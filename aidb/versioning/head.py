"""What is checked out, read from two small files.

`read_head` needs neither libgit2 nor the engine, so that `aidb status` starts fast. It returns None where it cannot
know (a HEAD that some other program wrote in its own way): then ask the engine.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from aidb.errors import DamagedObjectError
from aidb.files import storage_errors
from aidb.types import HEADS, CommitId, RefName

HEAD = RefName("HEAD")
_ID = re.compile(r"[0-9a-f]{40}\s*")


class Head(NamedTuple):
    """`branch` is None when detached; `commit` is None before the first commit."""

    branch: str | None
    commit: CommitId | None


def read_head(git_folder: Path) -> Head | None:
    """The branch and commit that are checked out, or None if these files do not tell."""
    with storage_errors("reading HEAD"):
        text = _read_text(f"{git_folder}/{HEAD}")
        if _ID.fullmatch(text):
            return Head(None, CommitId(text.strip()))
        target = symbolic_target(text)
        if target is None or not target.startswith(HEADS) or not is_ref(target):
            return None
        branch = target.removeprefix(HEADS)
        value = read_loose_ref(git_folder, target)
        if value is None:
            value = read_packed_refs(git_folder).get(target)
    if value is not None and symbolic_target(value):
        return None
    return Head(branch, None if value is None else ref_value(target, value))


def is_ref(name: str) -> bool:
    """Whether `name` may be looked for as a file: HEAD or below refs, and nowhere else."""
    return name == HEAD or (name.startswith("refs/") and ".." not in name and "\0" not in name)


def symbolic_target(text: str) -> RefName | None:
    """The ref that `ref: refs/heads/main` points to, or None for anything else."""
    return RefName(text[5:].strip()) if text.startswith("ref: ") else None


def ref_value(name: str, text: str) -> CommitId:
    """The commit id in a ref's file. Raises DamagedObjectError for anything else."""
    if not _ID.fullmatch(text):
        raise DamagedObjectError(
            f"the ref {name} is damaged: its file holds {text[:50]!r} instead of a commit id",
            hints=(f"Its former values are at the end of .aidb/git/logs/{name}.",),
        )
    return CommitId(text.strip())


def read_loose_ref(git_folder: Path | str, name: str) -> str | None:
    """The text of a ref's own file, or None if it has none."""
    try:
        return _read_text(f"{git_folder}/{name}")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _read_text(path: str) -> str:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 4096).decode("utf-8", "replace")
    finally:
        os.close(fd)


def read_packed_refs(git_folder: Path) -> dict[RefName, str]:
    """The refs that `git gc` or `git pack-refs` gathered in one file."""
    try:
        text = (git_folder / "packed-refs").read_text("utf-8", "replace")
    except FileNotFoundError:
        return {}
    lines = (line.partition(" ") for line in text.splitlines() if line and line[0] not in "#^")
    return {RefName(name): value for value, _, name in lines}
