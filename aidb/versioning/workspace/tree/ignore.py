"""`.aidbignore`: which untracked files are left out. Gitignore's syntax and rules, one file per folder if wanted.

The deepest file with an opinion wins, the last matching line in it decides, and what lies in an ignored folder cannot
be taken back. Tracked files are never ignored.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from aidb.errors import InvalidInputError, StorageError
from aidb.gitignore import compile_patterns
from aidb.types import show_path
from aidb.versioning.workspace.tree.folders import Folders, join, parents, split

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

    _Rules = list[tuple[int, GitIgnoreSpec]]

FILE_NAME = ".aidbignore"
LOCK_FILE = b"aidb.lock"
"""Git's to track, never ours."""
MAX_SIZE = 1 << 20
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe of that name must not hang us


class Ignore:
    """The ignore rules of one workspace, read folder by folder when they are first needed."""

    def __init__(self, folders: Folders) -> None:
        """`folders` must not be in use by a caller that relies on its descriptors."""
        self._folders = folders
        self._known: dict[bytes, _Rules] = {}

    def any_in(self, folder: bytes) -> bool:
        """Whether there are rules for what lies directly in `folder`: if not, there is nothing to ask."""
        return bool(self._rules(folder))

    def ignores(self, path: bytes, *, is_folder: bool) -> bool:
        """Whether an untracked path, none of whose parents is ignored, is to be left out."""
        rules = self._rules(split(path)[0])
        if not rules:
            return False
        name = os.fsdecode(path) + ("/" if is_folder else "")
        for start, spec in rules:
            verdict = spec.check_file(name[start:]).include
            if verdict is not None:
                return verdict
        return False

    def ignores_any(self, path: bytes, *, is_folder: bool) -> bool:
        """The same for a path whose parents were not asked about."""
        return any(self.ignores(parent, is_folder=True) for parent in parents(path)) or self.ignores(
            path, is_folder=is_folder
        )

    def _rules(self, folder: bytes) -> _Rules:
        """The files with rules for `folder`, deepest first, each with where the names it sees begin."""
        known = self._known.get(folder)
        if known is None:
            above = self._rules(split(folder)[0]) if folder else []
            text = self._read(folder)
            start = len(os.fsdecode(folder)) + 1 if folder else 0
            known = self._known[folder] = [(start, _parse(text, folder)), *above] if text else above
        return known

    def _read(self, folder: bytes) -> str:
        place = self._folders.try_open(folder)
        if place is None:
            return ""
        try:
            fd = os.open(FILE_NAME, _OPEN, dir_fd=place)
        except FileNotFoundError:
            return ""
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK):
                return ""  # like Git, no rules from behind a symlink
            raise StorageError.from_os_error(error, f"reading {_shown(folder)}") from error
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return ""
            return os.fsdecode(file.read(MAX_SIZE))


def _parse(text: str, folder: bytes) -> GitIgnoreSpec:
    try:
        return compile_patterns(text.splitlines())
    except ValueError as error:
        where = _shown(folder)
        raise InvalidInputError(
            f"{where} has a line that cannot be read: {error}",
            hints=(f"Correct {where}; it has the syntax of a .gitignore file.",),
        ) from error


def _shown(folder: bytes) -> str:
    return show_path(join(folder, FILE_NAME.encode()))
