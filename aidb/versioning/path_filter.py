"""Which paths are meant: files, folders with all that is below, or patterns such as `*.png`, as in Git.

`*`, `?` and `[…]` also match `/`, so `train/*.png` includes `train/cats/1.png`. A file whose name holds such characters
is meant by its plain name, too.
"""

from __future__ import annotations

import fnmatch
import heapq
import os
import re
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING

from aidb.types import RepoPath, decode_path, repo_path

if TYPE_CHECKING:
    from aidb.versioning.manifest import Change, Manifest

AnyPath = str | os.PathLike[str]

_MAGIC = re.compile(rb"[*?\[]")
_EVERYTHING = (b"", b".", b"./")


class PathFilter:
    """A set of paths given by people. Without any, or with `.`, everything is meant."""

    def __init__(self, paths: Iterable[AnyPath] = ()) -> None:
        """Raises InvalidPathError for a path that leads out of the repository."""
        given = [os.fsencode(path) for path in paths]
        self.everything = not given or any(path in _EVERYTHING for path in given)
        wanted = [] if self.everything else [(repo_path(path), path.endswith(b"/")) for path in given]
        self._plain = {path + b"/" if folder else path for path, folder in wanted}
        patterns = [path for path, _ in wanted if _MAGIC.search(path)]
        self._patterns = [re.compile(fnmatch.translate(decode_path(path))) for path in patterns]
        self.prefixes: list[bytes] = (
            [b""] if self.everything else _reduced({*self._plain, *map(_start, patterns)})
        )
        """Where to look: each a file or folder, a folder alone if it ends in `/`, or everything."""

    def matches(self, path: RepoPath) -> bool:
        """Whether `path` is meant."""
        if self.everything or any(_covers(plain, path) for plain in self._plain):
            return True
        return bool(self._patterns) and self._matches_pattern(decode_path(path))

    def _matches_pattern(self, text: str) -> bool:
        """Also a folder may match, with all that is in it."""
        ends = [at for at, char in enumerate(text) if char == "/"]
        parts = [text, *(text[:end] for end in ends)]
        return any(pattern.match(part) for pattern in self._patterns for part in parts)

    def changes(self, old: Manifest | None, new: Manifest | None) -> Iterator[Change]:
        """The changes between two versions (None: nothing there) that are meant, in path order."""
        found = [_changes(old, new, prefix) for prefix in self.prefixes]
        merged = found[0] if len(found) == 1 else heapq.merge(*found, key=itemgetter(0))
        return merged if not self._patterns else (c for c in merged if self.matches(c.path))

    def differs(self, old: Manifest | None, new: Manifest | None) -> bool:
        """Whether two versions hold what is meant differently; stops at the first difference."""
        if old is not None and new is not None and old.root == new.root:
            return False
        return next(self.changes(old, new), None) is not None


def _changes(old: Manifest | None, new: Manifest | None, prefix: bytes) -> Iterator[Change]:
    from aidb.versioning.manifest import Change, diff

    if old is not None and new is not None:
        yield from diff(old, new, prefix)
    elif new is not None:
        yield from (Change(path, None, entry) for path, entry in new.items(prefix))
    elif old is not None:
        yield from (Change(path, entry, None) for path, entry in old.items(prefix))


def _covers(prefix: bytes, path: bytes) -> bool:
    """Whether `path` is what `prefix` names, or below it."""
    if not prefix or path == prefix:
        return True
    return path.startswith(prefix) and (prefix.endswith(b"/") or path[len(prefix) : len(prefix) + 1] == b"/")


def _start(pattern: bytes) -> bytes:
    """The folder that everything matching the pattern lies in."""
    magic = _MAGIC.search(pattern)
    assert magic is not None
    return pattern[: pattern.rfind(b"/", 0, magic.start()) + 1]


def _reduced(prefixes: set[bytes]) -> list[bytes]:
    """Leave out what lies inside another prefix."""
    return sorted(p for p in prefixes if not any(o != p and _covers(o, p) for o in prefixes))
