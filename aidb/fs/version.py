"""One version as fsspec sees it: `info` dictionaries of files and folders, links followed.

An entry says `name` (the stripped path), `size`, `type` ("file" or "directory"), for a file `blob` (its id, as `b3sum`
prints it) and `executable`, for a folder `files` and `bytes` (all that lies below), and `islink`. A link is described
as what it leads to; one that leads nowhere has the type "link".
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from aidb.errors import PathNotFoundError
from aidb.fs import address, errors
from aidb.types import Entry, Kind, RepoPath, decode_path, repo_path
from aidb.versioning.links import follow

if TYPE_CHECKING:
    from aidb.store import ObjectStore
    from aidb.versioning.manifest import Child, Totals

Info = dict[str, Any]


class Tree(Protocol):
    """What is needed of a manifest; a prefix ends with a slash, a folder without."""

    def get(self, path: RepoPath, /) -> Entry | None: ...

    def totals(self, prefix: bytes = b"", /) -> Totals: ...

    def children(self, folder: bytes = b"", /) -> Iterator[Child]: ...

    def items(self, prefix: bytes = b"", /) -> Iterator[tuple[RepoPath, Entry]]: ...


class Version:
    """The files below one revision. Paths are those inside the version; names in answers begin with the revision."""

    def __init__(self, revision: str, tree: Tree, store: ObjectStore) -> None:
        self._revision = revision
        self._tree = tree
        self._store = store

    def info(self, path: str) -> Info:
        """What is at `path`. Raises FileNotFoundError."""
        name = self._name(path)
        found = self._look(path, name) if path else folder(name, self._tree.totals())
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "is not in this version", name)
        return found

    def ls(self, path: str) -> list[Info]:
        """What lies directly in a folder; a file lists as itself. Raises FileNotFoundError."""
        name = self._name(path)
        found = self.info(path)
        if found["type"] != "directory":
            return [found]
        where = self._followed(path, name)
        listed = []
        for child in self._tree.children(where):
            under = f"{name}/{decode_path(child.name)}"
            if child.entry is None:
                listed.append(folder(under, child.totals))
            else:
                listed.append(self._file(under, RepoPath(_inside(where) + child.name), child.entry))
        return listed

    def find(self, path: str, *, folders: bool) -> Iterator[Info]:
        """Every file below a folder, in one walk; with `folders`, these too. Links are not entered."""
        name = self._name(path)
        where = self._followed(path, name)
        inside = _inside(where)
        seen: set[bytes] = set()
        for found, entry in self._tree.items(inside):
            if folders:
                yield from self._new_folders(name, inside, found, seen)
            yield self._file(f"{name}/{decode_path(found[len(inside) :])}", found, entry)

    def file(self, path: str) -> tuple[RepoPath, Entry]:
        """The file that `path` leads to, and where it is. Raises FileNotFoundError, IsADirectoryError."""
        name = self._name(path)
        where = self._followed(path, name)
        entry = self._tree.get(RepoPath(where)) if where else None
        if entry is None:
            if self.info(path)["type"] == "directory":
                raise errors.is_a_folder(name)
            raise FileNotFoundError(errno.ENOENT, "is a symbolic link to nothing", name)
        return RepoPath(where), entry

    def _name(self, path: str) -> str:
        return address.join(self._revision, path)

    def _followed(self, path: str, name: str) -> bytes:
        if not path:
            return b""
        with errors.as_os_errors(name):
            return follow(self._tree, repo_path(path), self._target)

    def _target(self, link: Entry) -> bytes:
        return self._store.read_blob(link.content)

    def _look(self, path: str, name: str) -> Info | None:
        with errors.as_os_errors(name):
            key = repo_path(path)
            entry = self._tree.get(key)
            if entry is not None:
                return self._file(name, key, entry)
            where = follow(self._tree, key, self._target)
        if where != key:
            return self._at(name, where)
        totals = self._tree.totals(key + b"/")
        return folder(name, totals) if totals.files else None

    def _at(self, name: str, where: RepoPath) -> Info | None:
        """What is at `where`, which has no links on its way, under another name."""
        entry = self._tree.get(where)
        if entry is not None:
            return _plain(name, entry)
        totals = self._tree.totals(where + b"/")
        return folder(name, totals) if totals.files else None

    def _file(self, name: str, path: RepoPath, entry: Entry) -> Info:
        if entry.kind is not Kind.SYMLINK:
            return _plain(name, entry)
        try:
            found = self._at(name, follow(self._tree, path, self._target))
        except PathNotFoundError:
            found = None
        target = decode_path(self._target(entry))
        told = found or {"name": name, "size": entry.size, "type": "link"}
        return {**told, "islink": True, "destination": target}

    def _new_folders(self, name: str, inside: bytes, path: bytes, seen: set[bytes]) -> Iterator[Info]:
        at = path.find(b"/", len(inside))
        while at > 0:
            parent = path[:at]
            if parent not in seen:
                seen.add(parent)
                under = f"{name}/{decode_path(parent[len(inside) :])}"
                yield folder(under, self._tree.totals(parent + b"/"))
            at = path.find(b"/", at + 1)


def folder(name: str, totals: Totals) -> Info:
    """What is said of a folder."""
    return {
        "name": name,
        "size": 0,
        "type": "directory",
        "files": totals.files,
        "bytes": totals.bytes,
        "islink": False,
    }


def _plain(name: str, entry: Entry) -> Info:
    return {
        "name": name,
        "size": entry.size,
        "type": "file",
        "blob": entry.blob.hex(),
        "executable": entry.kind is Kind.EXECUTABLE,
        "islink": False,
    }


def _inside(folder: bytes) -> bytes:
    return folder + b"/" if folder else b""
