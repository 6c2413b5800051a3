"""The fsspec filesystem: every version of a repository as folders of files.

    fs = fsspec.filesystem("aidb", repo="pets")
    fs.ls("v1/train"), fs.open("feature%2Fx/labels.csv"), fs.cat("main/train", recursive=True)
    fs.pipe("main/notes.txt", b"...")

At the top are branches and tags; any other revision can be named too. Only branches can be written to: see
`aidb.fs.changes`. A branch is looked up at every call: where several calls must see one version, name a commit.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from threading import Lock, local
from typing import TYPE_CHECKING, Any

from fsspec.callbacks import DEFAULT_CALLBACK
from fsspec.spec import AbstractFileSystem
from fsspec.utils import isfilelike

import aidb
from aidb.errors import InvalidInputError
from aidb.fs import address, errors
from aidb.fs.changes import Group, OneCommit, PendingTree, WrittenFile
from aidb.fs.files import VersionedFile
from aidb.fs.folders import MadeFolders
from aidb.fs.version import Info, Version, folder
from aidb.versioning.manifest import Totals

if TYPE_CHECKING:
    from aidb.repository import Repository
    from aidb.snapshot import Snapshot
    from aidb.transaction import Transaction
    from aidb.types import Blob

_SNAPSHOTS = 16
"""Versions whose manifest nodes stay in memory."""
_NOTHING = Totals(0, 0)


class _OfOneRepository(type(AbstractFileSystem)):  # type: ignore[misc]
    """Finds the repository before fsspec looks into its cache of instances: `repo` may be left out or be relative, and
    the current folder may change."""

    def __call__(cls, repo: str | os.PathLike[str] | None = None, **options: Any) -> Any:
        root = aidb.open(repo or ".").root
        return super().__call__(repo=os.fspath(root), **options)


class AidbFileSystem(AbstractFileSystem, metaclass=_OfOneRepository):
    """See the module. Picklable; safe for threads."""

    protocol = address.PROTOCOL
    transaction_type = OneCommit

    def __init__(self, repo: str | os.PathLike[str], *, message: str | None = None, **options: Any) -> None:
        """`repo` is a folder of the repository, by default the current one; `message` that of every commit."""
        super().__init__(**options)
        self.repository: Repository = aidb.open(repo)
        self._message = message
        self._made = MadeFolders()
        self._lock = Lock()
        self._snapshots: OrderedDict[str, Snapshot] = OrderedDict()
        self._calls = local()
        # The class takes any address apart, as fsspec asks; an instance answers for its own repository alone.
        self.__dict__["_strip_protocol"] = self._strip_own

    # Addresses

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(each) for each in path]
        return address.strip(os.fspath(path))

    def _strip_own(self, path: Any) -> Any:
        for each in path if isinstance(path, list) else [path]:
            named = address.folder_of(os.fspath(each))
            if named is not None and Path(named) != self.repository.root:
                raise InvalidInputError(
                    f"this filesystem reads {self.repository.root}, not {named}",
                    hints=(f'fsspec.filesystem("aidb", repo={named!r}) reads that.',),
                )
        return type(self)._strip_protocol(path)

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, Any]:
        named = address.folder_of(path)
        return {} if named is None else {"repo": named}

    @property
    def fsid(self) -> str:
        return f"aidb-{self.repository.root}"

    # Looking

    def info(self, path: str, **_: Any) -> Info:
        """What is at `path`; the keys are told in `aidb.fs.version`."""
        path = self._strip_protocol(path)
        revision, inner = address.split(path)
        if not revision:
            return folder("", _NOTHING)
        try:
            return self._version(revision).info(inner)
        except FileNotFoundError:
            if path not in self._made:
                raise
            return folder(path, _NOTHING)

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """What lies in a folder, in byte order of names; at the top, branches and tags."""
        path = self._strip_protocol(path)
        revision, inner = address.split(path)
        try:
            found = self._version(revision).ls(inner) if revision else self._refs()
        except FileNotFoundError:
            if path not in self._made:
                raise
            found = []
        known = {info["name"] for info in found}
        found += [folder(made, _NOTHING) for made in self._made.directly_in(path) if made not in known]
        return found if detail else [info["name"] for info in found]

    def find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False, **_: Any
    ) -> Any:
        """Every file below a folder, in one walk over the manifest."""
        path = self._strip_protocol(path)
        revision, inner = address.split(path)
        if not revision or maxdepth is not None:
            return super().find(path, maxdepth=maxdepth, withdirs=withdirs, detail=detail)
        found: dict[str, Info] = {}
        with contextlib.suppress(FileNotFoundError):
            top = self.info(path)
            if top["type"] != "directory":
                found[path] = top
            else:
                if withdirs:
                    found.update((made, folder(made, _NOTHING)) for made in self._made.below(path))
                    found[path] = top
                walked = self._version(revision).find(inner, folders=withdirs)
                found.update((info["name"], info) for info in walked)
        return dict(sorted(found.items())) if detail else sorted(found)

    def modified(self, path: str) -> datetime:
        """When the version was recorded."""
        self.info(path)
        return self._snapshot(self._place(path).revision).commit.time

    def ukey(self, path: str) -> str:
        """The id of the content: it changes when the content does, and only then."""
        return self._content(path).id.hex()

    def checksum(self, path: str) -> int:
        return int(self.ukey(path), 16)

    # Reading

    def _open(self, path: str, mode: str = "rb", *, autocommit: bool = True, **_: Any) -> Any:
        if mode != "rb":
            return self._open_to_write(path, mode, autocommit=autocommit)
        revision, inner = self._place(path)
        blob = self._content(path)
        here = path if self._pending(revision) else address.join(self._snapshot(revision).commit.id, inner)
        return VersionedFile(self, self.info(path), here, self.repository.store.open_blob(blob))

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        blob = self._content(path)
        begin, stop, _step = slice(start, end).indices(blob.size)
        with BufferedReader(self.repository.store.open_blob(blob)) as file:
            file.seek(begin)
            return file.read(max(0, stop - begin))

    def cat(self, path: Any, recursive: bool = False, on_error: str = "raise", **_: Any) -> Any:
        """Contents by path; files of neighbouring places are read together."""
        paths = self.expand_path(path, recursive=recursive)
        if isinstance(path, str) and paths == [self._strip_protocol(path)]:
            return self.cat_file(paths[0])
        read: dict[str, Any] = {}
        wanted: list[tuple[str, Blob]] = []
        for name in paths:
            try:
                wanted.append((name, self._content(name)))
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
            blob = self._content(rpath)
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

    # Writing files

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_: Any) -> None:
        if mode == "create" and self.exists(path):
            raise errors.exists_already(path)
        with self._changing(path, "Write") as (transaction, inner):
            transaction.put(inner, bytes(value))

    def pipe(self, path: Any, value: bytes | None = None, **options: Any) -> None:
        with self._together(f"Write {_some(path)}"):
            super().pipe(path, value, **options)

    def put_file(
        self,
        lpath: Any,
        rpath: str,
        callback: Any = DEFAULT_CALLBACK,
        mode: str = "overwrite",
        **_: Any,
    ) -> None:
        if mode == "create" and self.exists(rpath):
            raise errors.exists_already(rpath)
        if os.path.isdir(lpath):
            self.makedirs(rpath, exist_ok=True)
            return
        source = Path(os.path.realpath(lpath))
        callback.set_size(source.stat().st_size)
        with self._changing(rpath, "Put") as (transaction, inner):
            transaction.put(inner, source)
        callback.relative_update(source.stat().st_size)

    def put(self, lpath: Any, rpath: Any, *arguments: Any, **options: Any) -> None:
        with self._together(f"Put {_some(rpath)}"):
            super().put(lpath, rpath, *arguments, **options)

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        if self.isdir(path1):
            self.makedirs(path2, exist_ok=True)
            return
        revision, source = self._place(path1)
        self._content(path1)
        with self._changing(path2, f"Copy {path1} to") as (transaction, inner):
            pending = self._pending(revision)
            if pending is not None and pending is not transaction:
                transaction.put(inner, pending.open(source))
            else:
                transaction.copy(source, inner, revision=None if pending else revision)

    def copy(self, path1: Any, path2: Any, *arguments: Any, **options: Any) -> None:
        with self._together(f"Copy {_some(path1)} to {_some(path2)}"):
            super().copy(path1, path2, *arguments, **options)

    def mv(self, path1: Any, path2: Any, *arguments: Any, **options: Any) -> None:
        with self._together(f"Move {_some(path1)} to {_some(path2)}"):
            super().mv(path1, path2, *arguments, **options)

    def rm_file(self, path: str) -> None:
        path = self._strip_protocol(path)
        self._made.remove(path)
        with contextlib.suppress(FileNotFoundError):
            if self.isdir(path):
                return  # a folder that is not empty is its files
        with self._changing(path, "Remove") as (transaction, inner):
            transaction.delete(inner)

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        with self._together(f"Remove {_some(path)}"):
            if maxdepth is not None:
                super().rm(path, recursive=recursive, maxdepth=maxdepth)
                return
            for each in reversed(self.expand_path(path)):
                self._remove(each, recursive=recursive)

    def _remove(self, path: str, *, recursive: bool) -> None:
        found = self.info(path)
        if found["type"] == "directory" and not recursive:
            raise errors.is_a_folder(path)
        self._made.remove(path)
        if found["type"] != "directory" or found["files"]:
            with self._changing(path, "Remove") as (transaction, inner):
                transaction.delete(inner)

    def _open_to_write(self, path: str, mode: str, *, autocommit: bool) -> WrittenFile:
        if mode not in ("wb", "xb", "ab"):
            raise NotImplementedError(
                f"mode {mode!r}: a file of a branch is written anew (wb, xb) or appended to (ab)"
            )
        if self.exists(path):
            if mode == "xb":
                raise errors.exists_already(path)
            if self.isdir(path):
                raise errors.is_a_folder(path)
        group = self._group()
        transaction, inner = self._begin(path, group or Group(self.repository, self._said(f"Write {path}")))
        own = transaction if group is None else None
        with _aborting(own):
            file = WrittenFile(self, path, mode, transaction.open(inner, "wb"), own, autocommit=autocommit)
            if mode == "ab" and self.exists(path):
                self._append_from(path, file)
        return file

    def _append_from(self, path: str, file: WrittenFile) -> None:
        with self.open(path, "rb") as old:
            while piece := old.read(self.blocksize):
                file.write(piece)

    # Folders

    def mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:
        """Remember an empty folder: a version holds files only, so others see it once it holds one."""
        path = self._strip_protocol(path)
        if self.exists(path):
            raise errors.exists_already(path)
        if not create_parents and not self.isdir(self._parent(path)):
            raise FileNotFoundError(errno.ENOENT, "is not in this version", self._parent(path))
        self.makedirs(path, exist_ok=True)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        path = self._strip_protocol(path)
        self._branch(path)
        if not exist_ok and self.exists(path):
            raise errors.exists_already(path)
        if self.isfile(path):
            raise errors.exists_already(path)
        self._made.add(path)

    def rmdir(self, path: str) -> None:
        path = self._strip_protocol(path)
        if self.info(path)["type"] != "directory":
            raise errors.not_a_folder(path)
        if self.ls(path):
            raise OSError(errno.ENOTEMPTY, "is not empty", path)
        self._made.remove(path)

    # Transactions

    @contextlib.contextmanager
    def _together(self, message: str) -> Iterator[None]:
        """Make one commit of what the block does, unless it is part of a larger one."""
        if self._group() is not None:
            yield
            return
        self._calls.group = group = Group(self.repository, self._said(message))
        try:
            yield
        except BaseException:
            group.end(commit=False)
            raise
        else:
            group.end(commit=True)
        finally:
            self._calls.group = None

    @contextlib.contextmanager
    def _changing(self, path: str, verb: str) -> Iterator[tuple[Transaction, str]]:
        """The transaction to make a change in, and the path there."""
        path = self._strip_protocol(path)
        with self._together(f"{verb} {path}"):
            group = self._group()
            assert group is not None
            with errors.as_os_errors(path):
                yield self._begin(path, group)

    def _begin(self, path: str, group: Group) -> tuple[Transaction, str]:
        branch = self._branch(path)
        with errors.as_os_errors(path):
            return group.on(branch), self._place(path).path

    def _group(self) -> Group | None:
        """What changes of this thread belong to: a block of the caller's, or a call of several steps."""
        if self._intrans:
            group: Group = self.transaction.group
            return group
        return getattr(self._calls, "group", None)

    def _pending(self, revision: str) -> Transaction | None:
        group = self._group()
        return None if group is None else group.pending(revision)

    def _said(self, message: str) -> str:
        return self._message or message

    def _branch(self, path: str) -> str:
        """The branch that `path` is on. Raises PermissionError for a tag or commit, FileNotFoundError for nothing."""
        revision = self._place(path).revision
        if revision in self.repository.branches or revision == self.repository.head.branch:
            return revision
        if revision in self.repository.tags:
            raise PermissionError(
                errno.EROFS, f"{revision} is a tag and never changes: write to a branch", path
            )
        self._snapshot(revision)
        raise PermissionError(
            errno.EROFS, f"{revision} names a commit, which never changes: write to a branch", path
        )

    # Versions

    def _place(self, path: str) -> address.Place:
        return address.split(self._strip_protocol(path))

    def _content(self, path: str) -> Blob:
        """The content of the file at `path`, ready to be read. Raises FileNotFoundError, IsADirectoryError."""
        revision, inner = self._place(path)
        where, entry = self._version(revision).file(inner)
        pending = self._pending(revision)
        if pending is not None:
            pending.open(where).close()  # from here on the store can read what the transaction has written
        return entry.content

    def _version(self, revision: str) -> Version:
        pending = self._pending(revision)
        tree = self._snapshot(revision).manifest if pending is None else PendingTree(pending)
        return Version(revision, tree, self.repository.store)

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


@contextlib.contextmanager
def _aborting(transaction: Transaction | None) -> Iterator[None]:
    """Give a transaction up if the block fails."""
    try:
        yield
    except BaseException:
        if transaction is not None:
            transaction.abort()
        raise


def _some(paths: Any) -> str:
    """A path as a message names it, or how many there are."""
    if isinstance(paths, (str, os.PathLike)):
        return address.strip(os.fspath(paths))
    return f"{len(paths):,} files"
