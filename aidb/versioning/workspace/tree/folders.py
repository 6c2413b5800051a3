"""Folders of the workspace opened one component at a time, so that no symlink is ever followed on the way.

A folder that was replaced by a symlink, by accident or as a trap, is then a thing that stands in the way, not a door
out of the workspace.
"""

from __future__ import annotations

import contextlib
import errno
import os

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

KEPT_OPEN = 64
"""How many folders of the current path stay open; deeper ones are reached again from the last of these."""


class Folders:
    """Open folders below `root`, for functions that take `dir_fd`. The ones on the way to the last stay open.

    A descriptor stays valid until the next call. Not for use from several threads at once.
    """

    def __init__(self, root: str | bytes | os.PathLike[str]) -> None:
        self.root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._names: list[bytes] = []
        self._fds: list[int] = []
        self._deep: int | None = None
        self._path: bytes | None = b""
        self._here = self.root

    def open(self, folder: bytes, *, make: bool = False) -> int:
        """The descriptor of `folder` (b"" is the root); `make` creates what is missing.

        Raises FileNotFoundError, or NotADirectoryError where a component is a file or a symlink.
        """
        if folder == self._path:
            return self._here
        self._close_deep()
        wanted = folder.split(b"/") if folder else []
        shared = _shared_length(self._names, wanted)
        self._keep(shared)
        for name in wanted[shared:]:
            self._descend(name, make)
        self._path, self._here = folder, self._last()
        return self._here

    def try_open(self, folder: bytes) -> int | None:
        """Like `open`, None where there is no such folder."""
        try:
            return self.open(folder)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def forget(self) -> None:
        """Close all but the root: after a folder was removed or replaced, its descriptor leads nowhere."""
        self._close_deep()
        self._keep(0)

    def close(self) -> None:
        self.forget()
        os.close(self.root)

    def __enter__(self) -> Folders:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _last(self) -> int:
        if self._deep is not None:
            return self._deep
        return self._fds[-1] if self._fds else self.root

    def _descend(self, name: bytes, make: bool) -> None:
        parent = self._last()
        if make:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=parent)
        fd = open_folder(name, parent)
        if len(self._fds) < KEPT_OPEN:
            self._fds.append(fd)
            self._names.append(name)
        else:
            self._close_deep()
            self._deep = fd

    def _keep(self, count: int) -> None:
        self._path = None
        while len(self._fds) > count:
            os.close(self._fds.pop())
            self._names.pop()

    def _close_deep(self) -> None:
        if self._deep is not None:
            os.close(self._deep)
            self._deep = None


def open_folder(name: bytes | str, parent: int) -> int:
    """Open the folder `name` of `parent`. NotADirectoryError also for a symlink."""
    try:
        return os.open(name, _OPEN, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise NotADirectoryError(*error.args) from error
        raise


def split(path: bytes) -> tuple[bytes, bytes]:
    """`a/b/c` → (`a/b`, `c`); a path at the root has the folder b""."""
    folder, _, name = path.rpartition(b"/")
    return folder, name


def join(folder: bytes, name: bytes) -> bytes:
    """The path of `name` in `folder`."""
    return folder + b"/" + name if folder else name


def parents(path: bytes) -> list[bytes]:
    """The folders above `path`, outermost first, without the root: `a/b/c` → [`a`, `a/b`]."""
    parts = path.split(b"/")
    return [b"/".join(parts[:depth]) for depth in range(1, len(parts))]


def _shared_length(a: list[bytes], b: list[bytes]) -> int:
    count = 0
    for left, right in zip(a, b, strict=False):
        if left != right:
            break
        count += 1
    return count
