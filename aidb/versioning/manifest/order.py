"""That paths rise, and that none is both a file and a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import lt

from aidb.errors import InvalidPathError
from aidb.types import show_path

_SLASH = ord("/")


class PathOrder:
    """Watches sorted paths stream by.

    A file `a` and a path `a/b` need not be neighbours (`a`, `a-b`, `a/b`), but all between them begin with `a`: so
    where no neighbours begin alike there is nothing to find, and most batches need no look at single paths.
    """

    def __init__(self) -> None:
        self._open = [b"\0"]
        """The paths that the last one begins with, itself included, shortest first."""

    def check(self, paths: Sequence[bytes]) -> None:
        """Take the next paths. Raises InvalidPathError if they do not rise, or name a file as a folder."""
        before = [self._open[-1], *paths[:-1]]
        if not all(map(lt, before, paths)):
            last, path = next(pair for pair in zip(before, paths, strict=True) if pair[0] >= pair[1])
            raise InvalidPathError(
                f"paths must be sorted and distinct: {show_path(path)} follows {show_path(last)}"
            )
        if len(self._open) == 1 and not any(map(bytes.startswith, paths, before)):
            self._open = [paths[-1]]
        else:
            self._check_singly(paths)

    def _check_singly(self, paths: Sequence[bytes]) -> None:
        for path in paths:
            while self._open and not path.startswith(self._open[-1]):
                self._open.pop()
            if self._open and path[len(self._open[-1])] == _SLASH:
                raise clash(self._open[-1], path)
            self._open.append(path)


def folders(paths: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Every folder that `paths` lie in, once, with one path that lies in it."""
    seen: set[bytes] = set()
    for path in paths:
        folder = path.rpartition(b"/")[0]
        while folder and folder not in seen:
            seen.add(folder)
            yield folder, path
            folder = folder.rpartition(b"/")[0]


def clash(file: bytes, path: bytes) -> InvalidPathError:
    """The error for a `path` below `file`."""
    return InvalidPathError(
        f"{show_path(file)} cannot be both a file and a folder: {show_path(path)} lies in it",
        hints=(f"Remove or rename one of them; `aidb rm --cached {show_path(file)}` forgets the file.",),
    )
