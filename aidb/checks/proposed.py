"""What a Python check is given: the version about to be recorded, and what it changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from aidb.errors import PathNotFoundError
from aidb.types import Entry, RepoPath, decode_path, repo_path, show_path

if TYPE_CHECKING:
    from aidb.checks.candidate import Candidate
    from aidb.checks.selection import Selection
    from aidb.versioning.diff import FileChange
    from aidb.versioning.gate import Event


class Proposed:
    """A version that `branch` (None when detached) is about to get, by a "commit" or a "merge".

    `changes` and `paths` are what the check is about; everything else of the version can be read as well.

        def validate(proposed: aidb.checks.Proposed) -> Iterator[str]:
            for path in proposed.paths():
                if proposed.read(path)[:2] != b"\\xff\\xd8":
                    yield f"{path} is no JPEG file"
    """

    def __init__(self, candidate: Candidate, selection: Selection) -> None:
        self._candidate = candidate
        self._selection = selection
        self.event: Event = candidate.event
        self.branch = candidate.branch
        self.message = candidate.message

    def changes(self) -> Iterator[FileChange]:
        """What changed, in path order: status (A, M, D or T), path, and what was and is there."""
        from aidb.versioning.diff import file_change

        return (file_change(c) for c in self._candidate.changes() if self._selection.covers(c.path))

    def paths(self) -> Iterator[str]:
        """The paths that were added or changed."""
        return (change.path for change in self.changes() if change.new is not None)

    def walk(self, folder: str = "") -> Iterator[tuple[str, Entry]]:
        """Every file of the version at or below `folder`, changed or not."""
        items = self._candidate.items(repo_path(folder) if folder else b"")
        return ((decode_path(path), entry) for path, entry in items)

    def stat(self, path: str) -> Entry:
        """Kind, size and content id of a file. Raises PathNotFoundError."""
        return self._entry(repo_path(path))

    def open(self, path: str) -> BinaryIO:
        """A file as a seekable binary stream."""
        key = repo_path(path)
        return self._candidate.content(key, self._entry(key)).open()

    def read(self, path: str) -> bytes:
        """The whole content of a file."""
        with self.open(path) as file:
            return file.read()

    def __contains__(self, path: str) -> bool:
        return self._candidate.get(repo_path(path)) is not None

    def _entry(self, path: RepoPath) -> Entry:
        entry = self._candidate.get(path)
        if entry is None:
            raise PathNotFoundError(f"{show_path(path)} is not in the version that is being checked")
        return entry
