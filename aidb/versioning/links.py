"""Following symbolic links inside one version, as a file system would that holds just this version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from aidb.errors import InvalidPathError, PathNotFoundError
from aidb.types import Entry, Kind, RepoPath, repo_path, show_path

MAX_LINKS = 40
"""As many as Linux follows before it calls it a loop."""


class Files(Protocol):
    """A manifest, or what answers like one."""

    def get(self, path: RepoPath, /) -> Entry | None: ...


def follow(tree: Files, path: RepoPath, read: Callable[[Entry], bytes]) -> RepoPath:
    """Where `path` leads when every link on the way is followed; itself if there is none.

    `read` gives a link's target. What the result names may be a file, a folder, or nothing. Raises PathNotFoundError
    for a loop and for a link that leads out of the version.
    """
    at = path
    for _ in range(MAX_LINKS):
        link = _first_link(tree, at)
        if link is None:
            return at
        entry = tree.get(link)
        assert entry is not None
        at = _replaced(at, link, read(entry))
    raise PathNotFoundError(f"{show_path(path)} leads through too many symbolic links")


def _first_link(tree: Files, path: RepoPath) -> RepoPath | None:
    """The path itself if it is a link; else, if nothing is there, the first folder on the way that is one."""
    entry = tree.get(path)
    if entry is not None:
        return path if entry.kind is Kind.SYMLINK else None
    slash = path.find(b"/")
    while slash > 0:
        folder = RepoPath(path[:slash])
        entry = tree.get(folder)
        if entry is not None:
            return folder if entry.kind is Kind.SYMLINK else None
        slash = path.find(b"/", slash + 1)
    return None


def _replaced(path: RepoPath, link: RepoPath, target: bytes) -> RepoPath:
    """`path` with its beginning `link` replaced by what the link says."""
    if target.startswith(b"/"):
        raise _outside(link, target)
    parts = link.split(b"/")[:-1]
    for part in target.split(b"/"):
        if part == b"..":
            if not parts:
                raise _outside(link, target)
            parts.pop()
        elif part not in (b"", b"."):
            parts.append(part)
    try:
        return repo_path(b"/".join(parts) + path[len(link) :])
    except InvalidPathError:
        raise _outside(link, target) from None


def _outside(link: RepoPath, target: bytes) -> PathNotFoundError:
    return PathNotFoundError(
        f"{show_path(link)} is a symbolic link that leads out of the version, to {show_path(target)}"
    )
