"""Git's object database: reading and writing single objects.

Loose objects are read and written here, not through libgit2, for two reasons (docs/design/010-git-objects.md):
libgit2 1.9 never returns from reading a loose object that was cut short, and writing a commit through it costs twelve
fsyncs where five do. What `git gc` has packed is read through libgit2.

An object gets its final name only after its bytes are on disk, so one that exists is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import DamagedObjectError, MissingObjectError, StorageError
from aidb.files import fsync_directory, storage_errors, write_each_durably

if TYPE_CHECKING:
    import pygit2

MAX_OBJECT = 16 * 1024 * 1024
"""Larger commits, trees and tags are refused: no message is that long, but a decompression bomb is."""

_COMPRESSION = 1
_USUAL = 4096
_SETTLED = 1_000_000_000
"""Nanoseconds after which a folder's time tells of later changes, however coarse the clock of the file system is."""
_PACKED_TYPES = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}


class GitObject(NamedTuple):
    """The type ("commit", "tree", "blob", "tag") and content of an object."""

    type: str
    data: bytes


def object_name(item: GitObject) -> str:
    """The id that Git gives to an object."""
    return hashlib.sha1(_raw(item), usedforsecurity=False).hexdigest()


def _raw(item: GitObject) -> bytes:
    return b"%s %d\0%s" % (item.type.encode(), len(item.data), item.data)


class GitObjects:
    """The objects of one Git repository. Safe to use from several threads."""

    def __init__(self, git_folder: Path, scratch: Callable[[], Path]) -> None:
        """`scratch()` is a folder on the same file system for temporary files."""
        self._git_folder = git_folder
        self._prefix = f"{git_folder}/objects/"
        self._scratch = scratch
        self._packs = (0, False)
        self._local = local()

    def read(self, name: str, what: str) -> GitObject:
        """An object, checked against its name. `what` says in errors which object it is ("commit 1234")."""
        try:
            found = self._read_loose(name, what) or self._read_packed(name, what)
        except OSError as error:
            raise StorageError.from_os_error(error, f"reading {what}") from error
        if found is None:
            raise MissingObjectError(
                f"{what} is not in this repository", hints=("`aidb fsck` lists everything that is missing.",)
            )
        return found

    def contains(self, name: str) -> bool:
        """Whether the object is there; its content is not looked at."""
        return os.path.exists(self._path(name)) or (self._has_packs() and name in self._libgit2())

    def write(self, items: Sequence[GitObject]) -> list[str]:
        """Store objects and return their names; when it returns, they survive a power cut."""
        names = [object_name(item) for item in items]
        with storage_errors("writing the history"):
            missing = {n: item for n, item in zip(names, items, strict=True) if not self._is_sound(n)}
            if missing:
                self._write_loose(missing)
        return names

    def with_prefix(self, prefix: str) -> Iterator[str]:
        """The names of all objects, of any type, that begin with `prefix` (at least two digits)."""
        folder = self._prefix + prefix[:2]
        with contextlib.suppress(FileNotFoundError):
            yield from (prefix[:2] + rest for rest in os.listdir(folder) if rest.startswith(prefix[2:]))
        if self._has_packs():
            yield from (name for name in map(str, self._libgit2().odb) if name.startswith(prefix))

    def _path(self, name: str) -> str:
        return f"{self._prefix}{name[:2]}/{name[2:]}"

    def _read_loose(self, name: str, what: str) -> GitObject | None:
        try:
            fd = os.open(self._path(name), os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            # Nearly every object fits the first read; a large buffer for each would cost more than the reading.
            stored = os.read(fd, _USUAL)
            if len(stored) == _USUAL:
                stored += os.read(fd, MAX_OBJECT)
        finally:
            os.close(fd)
        return decode_loose(stored, name, what)

    def _is_sound(self, name: str) -> bool:
        """Whether it need not be written: a damaged copy is replaced by the good one at hand."""
        try:
            return self._read_loose(name, name) is not None or (self._has_packs() and name in self._libgit2())
        except DamagedObjectError:
            return False

    def _write_loose(self, items: dict[str, GitObject]) -> None:
        # Named as git names its own, so that `git gc` removes one that was left in the objects folder.
        prefix = f"{self._scratch()}/tmp_obj_{os.urandom(8).hex()}_"
        contents = ((prefix + name, zlib.compress(_raw(item), _COMPRESSION)) for name, item in items.items())
        write_each_durably(contents, mode=0o444)
        for folder in set().union(*(self._publish(prefix + name, name) for name in items)):
            fsync_directory(folder)

    def _publish(self, temporary: str, name: str) -> set[str]:
        """Give an object its name; the folders that this has changed."""
        folder = self._prefix + name[:2]
        try:
            os.rename(temporary, self._path(name))
        except FileNotFoundError:
            os.makedirs(folder, exist_ok=True)
            os.rename(temporary, self._path(name))
            return {folder, self._prefix}
        return {folder}

    # What `git gc` has packed

    def _has_packs(self) -> bool:
        folder = self._prefix + "pack"
        try:
            changed = os.stat(folder).st_mtime_ns
        except FileNotFoundError:
            return False
        # Listed again only when something was added or removed.
        known, found = self._packs
        if changed != known:
            found = any(name.endswith(".idx") for name in os.listdir(folder))
            self._packs = (changed if time.time_ns() - changed > _SETTLED else 0, found)
        return found

    def _libgit2(self) -> pygit2.Repository:
        """libgit2's view, one for each thread."""
        found: pygit2.Repository | None = getattr(self._local, "repository", None)
        if found is None:
            found = self._local.repository = open_libgit2(self._git_folder)
        return found

    def _read_packed(self, name: str, what: str) -> GitObject | None:
        if not self._has_packs():
            return None
        import pygit2

        try:
            kind, data = self._libgit2().read(name)
        except KeyError:
            return None
        except (pygit2.GitError, ValueError) as error:
            raise _damaged(what, str(error)) from error
        return GitObject(_PACKED_TYPES.get(int(kind), "unknown"), data)


def open_libgit2(git_folder: Path) -> pygit2.Repository:
    """Open a repository with libgit2; what it writes is fsynced."""
    import pygit2

    pygit2.settings.enable_fsync_gitdir(True)
    try:
        return pygit2.Repository(os.fspath(git_folder))
    except pygit2.GitError as error:
        raise StorageError(f"the history in {git_folder} cannot be opened: {error}") from error


def decode_loose(stored: bytes, name: str, what: str) -> GitObject:
    """Decompress and check a loose object. Raises DamagedObjectError."""
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(stored, MAX_OBJECT)
    except zlib.error as error:
        raise _damaged(what, "it cannot be decompressed") from error
    if inflate.unconsumed_tail or len(raw) >= MAX_OBJECT:
        raise _damaged(what, f"it is larger than {MAX_OBJECT:,} bytes")
    if not inflate.eof:
        raise _damaged(what, "it is cut short")
    if hashlib.sha1(raw, usedforsecurity=False).hexdigest() != name:
        raise _damaged(what, "its content does not match its id")
    head, _, data = raw.partition(b"\0")
    return GitObject(head.partition(b" ")[0].decode("ascii", "replace"), data)


def _damaged(what: str, problem: str) -> DamagedObjectError:
    return DamagedObjectError(
        f"{what} is damaged: {problem}", hints=("`aidb fsck` lists everything that is damaged.",)
    )
