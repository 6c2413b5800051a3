"""The fsspec filesystem: every version of a repository as folders of files.

    fs = fsspec.filesystem("aidb", repo="pets")
    fs.ls("v1/train"), fs.open("feature%2Fx/labels.csv"), fs.cat("main/train", recursive=True)

At the top are branches and tags; any other revision can be named too. A branch is looked up at every call: where several
calls must see one version, name a commit or a tag.
"""

from __future__ import annotations

import os
import secrets
from collections import OrderedDict
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from fsspec.callbacks import DEFAULT_CALLBACK
from fsspec.spec import AbstractFileSystem
from fsspec.utils import isfilelike

import aidb
from aidb.errors import InvalidInputError
from aidb.fs import address, errors
from aidb.fs.files import VersionedFile
from aidb.fs.version import Info, Version

if TYPE_CHECKING:
    from aidb.repository import Repository
    from aidb.snapshot import Snapshot
    from aidb.types import Blob, Entry

_SNAPSHOTS = 16
"""Versions whose manifest nodes stay in memory."""


class _OfOneRepository(type(AbstractFileSystem)):  # type: ignore[misc]
    """Finds the repository before fsspec looks into its cache of instances: `repo` may be left out or be relative, and
    the current folder may change."""

    def __call__(cls, repo: str | os.PathLike[str] | None = None, **options: Any) -> Any:
        root = aidb.open(repo or ".").root
        return super().__call__(repo=os.fspath(root), **options)


class AidbFileSystem(AbstractFileSystem, metaclass=_OfOneRepository):
    """See the module. Picklable; safe for threads."""

    protocol = address.PROTOCOL

    def __init__(self, repo: str, **options: Any) -> None:
        """`repo` is a folder of the repository, by default the current one."""
        super().__init__(repo=repo, **options)
        self.repository: Repository = aidb.open(repo)
        self._lock = Lock()
        self._snapshots: OrderedDict[str, Snapshot] = OrderedDict()
        # The class takes any address apart, as fsspec asks; an instance answers for its own repository alone.
        vars(self)["_strip_protocol"] = self._strip_own

    # Addresses

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(each) for each in path]
        return address.strip(os.fspath(path))

    def _strip_own(self, path: Any) -> Any:
        for each in path if isinstance(path, list) else [path]:
            folder = address.folder_of(os.fspath(each))
            if folder is not None and Path(folder) != self.repository.root:
                raise InvalidInputError(
                    f"this filesystem reads {self.repository.root}, not {folder}",
                    hints=(f'fsspec.filesystem("aidb", repo={folder!r}) reads that.',),
                )
        return type(self)._strip_protocol(path)

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, Any]:
        folder = address.folder_of(path)
        return {} if folder is None else {"repo": folder}

    @property
    def fsid(self) -> str:
        return f"aidb-{self.repository.root}"

    # Looking

    def info(self, path: str, **_: Any) -> Info:
        """What is at `path`; the keys are told in `aidb.fs.version`."""
        revision, inner = self._place(path)
        if not revision:
            return {"name": "", "size": 0, "type": "directory", "islink": False}
        return self._version(revision).info(inner)

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        revision, inner = self._place(path)
        found = self._version(revision).ls(inner) if revision else self._refs()
        return found if detail else [info["name"] for info in found]

    def find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False, **_: Any
    ) -> Any:
        revision, inner = self._place(path)
        if not revision or maxdepth is not None:
            return super().find(path, maxdepth=maxdepth, withdirs=withdirs, detail=detail)
        version = self._version(revision)
        try:
            top = version.info(inner)
        except FileNotFoundError:
            return {} if detail else []
        if top["type"] != "directory":
            found = {top["name"]: top}
        else:
            found = {info["name"]: info for info in version.find(inner, folders=withdirs)}
            if withdirs:
                found[top["name"]] = top
        return dict(sorted(found.items())) if detail else sorted(found)

    def modified(self, path: str) -> datetime:
        """When the version was recorded."""
        self.info(path)
        return self._snapshot(self._place(path).revision).commit.time

    def ukey(self, path: str) -> str:
        """The id of the content: it changes when the content does, and only then."""
        return self._entry(path).blob.hex()

    def checksum(self, path: str) -> int:
        return int(self.ukey(path), 16)

    # Reading

    def _open(self, path: str, mode: str = "rb", **_: Any) -> Any:
        if mode != "rb":
            raise NotImplementedError(mode)
        revision, inner = self._place(path)
        snapshot = self._snapshot(revision)
        version = self._version(revision)
        raw = self.repository.store.open_blob(version.file(inner).content)
        return VersionedFile(self, version.info(inner), address.join(snapshot.commit.id, inner), raw)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        entry = self._entry(path)
        begin, stop, _step = slice(start, end).indices(entry.size)
        with self.repository.store.open_blob(entry.content) as raw:
            raw.seek(begin)
            return BufferedReader(raw).read(max(0, stop - begin))

    def cat(self, path: Any, recursive: bool = False, on_error: str = "raise", **_: Any) -> Any:
        """Contents by path; files of neighbouring places are read together."""
        paths = self.expand_path(path, recursive=recursive)
        if isinstance(path, str) and paths == [self._strip_protocol(path)]:
            return self.cat_file(paths[0])
        read: dict[str, Any] = {}
        wanted: list[tuple[str, Blob]] = []
        for name in paths:
            try:
                wanted.append((name, self._entry(name).content))
            except OSError as error:
                if on_error == "raise" and not (recursive and isinstance(error, IsADirectoryError)):
                    raise
                if on_error == "return":
                    read[name] = error
        for at, data in self.repository.store.read_blobs([blob for _, blob in wanted]):
            read[wanted[at][0]] = bytes(data)
        return {name: read[name] for name in paths if name in read}

    def get_file(
        self, rpath: str, lpath: Any, callback: Any = DEFAULT_CALLBACK, outfile: Any = None, **options: Any
    ) -> None:
        """Copy one file, verified. What is at `lpath` is replaced when the copy is whole."""
        if outfile is not None or isfilelike(lpath):
            super().get_file(rpath, lpath, callback=callback, outfile=outfile, **options)
        elif self.isdir(rpath):
            os.makedirs(lpath, exist_ok=True)
        else:
            blob = self._entry(rpath).content
            callback.set_size(blob.size)
            self._copy_out(blob, Path(lpath))
            callback.relative_update(blob.size)

    def _copy_out(self, blob: Blob, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with temporary.open("xb") as file:
                self.repository.store.copy_blob(blob, file.fileno())
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    # Versions

    def _place(self, path: str) -> address.Place:
        return address.split(self._strip_protocol(path))

    def _entry(self, path: str) -> Entry:
        """The file at `path`. Raises FileNotFoundError, IsADirectoryError."""
        revision, inner = self._place(path)
        return self._version(revision).file(inner)

    def _version(self, revision: str) -> Version:
        return Version(revision, self._snapshot(revision).manifest, self.repository.store)

    def _snapshot(self, revision: str) -> Snapshot:
        with errors.as_os_errors(address.join(revision)):
            commit = self.repository.resolve(revision)
        with self._lock:
            known = self._snapshots.pop(commit, None) or self.repository.at(commit)
            self._snapshots[commit] = known
            if len(self._snapshots) > _SNAPSHOTS:
                self._snapshots.popitem(last=False)
        return known

    def _refs(self) -> list[Info]:
        names = sorted({*self.repository.branches, *self.repository.tags})
        return [self._version(name).info("") for name in names]
