"""What a transaction has seen of the version it began from, to find out whether others have changed it since.

Answers are compared, not times: a folder that was seen to exist may gain files. So a transaction that lands has done
what it would have done, had it begun only now.
"""

from __future__ import annotations

from collections.abc import Iterable

from aidb.types import RepoPath
from aidb.versioning.manifest import Change, Manifest
from aidb.versioning.manifest.order import folders


class Reads:
    """Grows as the transaction looks at things."""

    def __init__(self) -> None:
        self._files: set[bytes] = set()
        self._presence: dict[bytes, bool] = {}
        self._trees: set[bytes] = set()

    def file(self, path: RepoPath) -> None:
        """A file was looked at, whether it is there or not."""
        self._files.add(path)

    def presence(self, prefix: bytes, *, there: bool) -> None:
        """It mattered whether there is anything at or below `prefix`, not what."""
        self._presence[prefix] = there

    def tree(self, path: bytes) -> None:
        """Everything at or below `path` was looked at; b"" is the whole version."""
        self._trees.add(path)

    def outdated(self, changed: Iterable[Change], tip: Manifest) -> set[bytes]:
        """The paths that were seen and are not any more as they were. `changed` leads to `tip` from what was seen."""
        found = {path for path, _, _ in changed if path in self._files or self._in_tree(path)}
        return found.union(
            prefix.rstrip(b"/")
            for prefix, was_there in self._presence.items()
            if was_there != (tip.totals(prefix).files > 0)
        )

    def _in_tree(self, path: bytes) -> bool:
        if not self._trees:
            return False
        return bool(self._trees.intersection((b"", path, *(folder for folder, _ in folders([path])))))
