"""What each checkpoint that is added may be stored as the difference to: from what was staged before, or just now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from aidb.types import Blob, Entry, RepoPath
from aidb.versioning.series import Series, ancestor, is_checkpoint, series_of
from aidb.versioning.workspace.staging import Staging


class Ancestors:
    """Looks at what is staged, and remembers the last checkpoint of each series that this `add` has stored."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._latest: dict[Series | None, Blob] = {}

    def base_of(self, path: bytes) -> Callable[[], Blob | None] | None:
        """What finds the base of a file when its turn has come; None for a file that has none."""
        return partial(self._base, path) if is_checkpoint(path) else None

    def note(self, files: Iterable[tuple[bytes, Entry]]) -> None:
        """Files have been stored."""
        for path, entry in files:
            series = series_of(path) if is_checkpoint(path) else None
            if series is not None:
                self._latest[series] = entry.content

    def _base(self, path: bytes) -> Blob | None:
        return ancestor(self._staging.manifest, RepoPath(path), self._latest.get(series_of(path)))
