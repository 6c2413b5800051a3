"""`aidb.lock`: a small file for Git to track, which pins the data that belongs to the code.

Written into the workspace root whenever HEAD moves, if the workspace lies in a working tree of Git. After Git has
checked out old code, `aidb sync` brings back the data of that time.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import InvalidInputError, NotFoundError
from aidb.files import storage_errors, write_atomic
from aidb.types import CommitId, commit_id
from aidb.versioning.workspace.beside_git import in_git
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.commits import Commit
    from aidb.versioning.head import Head

NAME = "aidb.lock"
FORMAT = 1
_MAX_SIZE = 64 * 1024

_TEMPLATE = """\
# The version of the data that belongs to this version of the code. Written by aidb; let Git track it.
# `aidb sync` brings the workspace to it.
format = {format}
commit = "{commit}"
{branch}manifest = "{manifest}"
files = {files}
bytes = {bytes}
"""


class Pinned(NamedTuple):
    """What `aidb.lock` says: a commit and, if it was on one, the branch."""

    commit: CommitId
    branch: str | None


def write_lock(workspace: Workspace, commit: Commit, branch: str | None) -> bool:
    """Pin a commit, if there is a Git beside to track the file; whether it is pinned.

    A file that pins it already is left alone, so that Git sees no change where the data did not change.
    """
    if not in_git(workspace.root) or not workspace.config.get("workspace.lockfile"):
        return False
    path = workspace.root / NAME
    if _pins(path, commit.id):
        return True
    text = _TEMPLATE.format(
        format=FORMAT,
        commit=commit.id,
        branch="" if branch is None else f'branch = "{branch}"\n',
        manifest=commit.root.hex(),
        files=commit.files,
        bytes=commit.bytes,
    ).encode()
    write_atomic(path, text, scratch=workspace.scratch())
    return True


def read_lock(workspace: Workspace) -> Pinned:
    """Raises NotFoundError if there is none, InvalidInputError if it cannot be read."""
    data = _content(workspace.root / NAME)
    if data is None:
        raise NotFoundError(
            f"there is no {NAME} in {workspace.root}",
            hints=("It is written by `aidb commit` and `aidb switch` inside a Git repository.",),
        )
    return parse_lock(data)


def lock_note(workspace: Workspace, head: Head) -> list[str]:
    """A note if the lock pins another commit than the one checked out."""
    data = _content(workspace.root / NAME)
    if data is None or head.commit is None or head.commit.encode() in data:
        return []
    try:
        pinned = parse_lock(data)
    except InvalidInputError as error:
        return [error.message]
    return [
        f"{NAME} pins {pinned.commit[:10]}, the workspace is at {head.commit[:10]}: `aidb sync` goes there."
    ]


def _pins(path: Path, commit: CommitId) -> bool:
    try:
        return parse_lock(_content(path) or b"").commit == commit
    except InvalidInputError:
        return False


def parse_lock(data: bytes) -> Pinned:
    """Read the bytes of an `aidb.lock`. Raises InvalidInputError."""
    import tomllib

    try:
        values = tomllib.loads(data.decode("utf-8"))
        if values.get("format") != FORMAT:
            raise InvalidInputError(f"{NAME} has format {values.get('format')!r}; this aidb reads {FORMAT}")
        branch = values.get("branch")
        return Pinned(commit_id(str(values.get("commit"))), branch if isinstance(branch, str) else None)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, InvalidInputError) as error:
        raise InvalidInputError(
            f"{NAME} cannot be read: {error}",
            hints=(
                "If Git left conflict marks in it, keep one side; any `aidb commit` or `aidb switch` writes it anew.",
            ),
        ) from error


def _content(path: Path) -> bytes | None:
    with storage_errors(f"reading {NAME}"):
        try:
            with open(path, "rb") as file:
                return file.read(_MAX_SIZE)
        except (FileNotFoundError, IsADirectoryError):
            return None
