"""A read-only view of one version, without a workspace.

    snapshot = repo.at("main~3")
    snapshot.ls("train")
    with snapshot.open("train/labels.csv") as file: ...

Everything read is verified against its hash on the way; damaged bytes raise DamagedObjectError, they are never
returned. A snapshot stays what it is while branches move on. It pickles as where it is: repository and commit id.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from aidb.errors import InvalidPathError, PathNotFoundError
from aidb.notebook import html_table, human_bytes
from aidb.progress import SILENT, Progress
from aidb.types import CommitId, Entry, Kind, RepoPath, decode_path, folder_path, repo_path, show_path
from aidb.versioning.manifest import Manifest, Totals, glob

if TYPE_CHECKING:
    from aidb.store import ObjectStore
    from aidb.versioning.commits import Commit
    from aidb.versioning.transactions.pending import Pending

_MANY = 100_000
"""Paths that are looked up at once, so that they can be put in order."""

BUFFER = 64 << 10
"""Bytes that a file opened for reading takes from the store at once, unless more are asked for."""

AnyPath = str | bytes | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Item:
    """One line of `ls`: a file, a link or a folder directly below the folder listed."""

    name: str
    path: str
    entry: Entry | None
    files: int
    bytes: int

    @property
    def is_folder(self) -> bool:
        return self.entry is None


class Snapshot:
    """One commit's files. Behaves like a read-only mapping from path to entry."""

    def __init__(
        self,
        commit: Commit,
        manifest: Manifest,
        store: ObjectStore,
        scratch: Callable[[], Path],
        root: Path,
    ) -> None:
        """`manifest` is the commit's; `scratch` gives a folder for the temporary files of `get`; `root` is the
        repository's."""
        self.commit = commit
        self.root = root
        self.store = store
        self._scratch = scratch
        self.manifest = manifest

    def ls(self, folder: AnyPath = "") -> list[Item]:
        """What lies directly in `folder`, in byte order of names. A file lists as itself."""
        where = folder_path(folder)
        items = items_in(self.manifest, where)
        if not items and where:
            raise self._not_found(where)
        return items

    def walk(self, folder: AnyPath = "") -> Iterator[tuple[str, Entry]]:
        """Every file at or below `folder` with its path, in byte order of paths. Streams."""
        where = folder_path(folder)
        for path, entry in self._below(where):
            yield decode_path(path), entry

    def stat(self, path: AnyPath) -> Entry:
        """Kind, size and content id of a file or link."""
        # What a manifest holds is canonical: a path that is found needs no further look.
        entry = self.manifest.get(os.fsencode(path))  # type: ignore[arg-type]
        if entry is None:
            key = repo_path(path)
            entry = self.manifest.get(key)
            if entry is None:
                raise self._not_found(key)
        return entry

    def open(self, path: AnyPath) -> BinaryIO:
        """A file as a seekable, buffered, verified binary stream."""
        raw = self.store.open_blob(self.stat(path).content)
        return cast(BinaryIO, io.BufferedReader(raw, BUFFER))

    def read(self, path: AnyPath) -> bytes:
        """The whole content of a file (of a link: its target)."""
        return self.store.read_blob(self.stat(path).content)

    def read_many(self, paths: Iterable[AnyPath]) -> Iterator[tuple[str, bytes]]:
        """Path and content of many files, not in the order asked for but in the one they lie in the store.

        Files that lie beside each other are fetched by one read. Memory is bounded: the content just given, and some
        MiB more. Raises PathNotFoundError before anything is read of the same hundred thousand paths.
        """
        asked = iter(paths)
        while block := list(islice(asked, _MANY)):
            blobs = [self.stat(path).content for path in block]
            for position, data in self.store.read_blobs(blobs):
                path = block[position]
                yield path if type(path) is str else decode_path(os.fsencode(path)), data

    def glob(self, pattern: str) -> Iterator[str]:
        """The files and links whose paths match: `*`, `?` and `[a-z]` within a name, `**` for any number of folders.

        Only the part of the version in which the pattern begins literally is looked at. Folders do not match.
        """
        return (decode_path(path) for path, _ in glob(self.manifest, pattern))

    def get(
        self,
        path: AnyPath = "",
        destination: AnyPath = ".",
        *,
        force: bool = False,
        progress: Progress = SILENT,
    ) -> int:
        """Copy a file, a folder or the whole version to `destination`; return how many files were written.

        As with `cp -r`: an existing folder as destination receives the copy under its own name. An existing file
        is not overwritten unless `force`.
        """
        from aidb.versioning.workspace import export

        where = folder_path(path)
        target = Path(os.fsdecode(destination))
        if where and target.is_dir():
            target = target / decode_path(where.rpartition(b"/")[2])
        if where and not self.manifest.totals(where).files:
            raise self._not_found(where)
        return export(
            self.manifest,
            where,
            target,
            store=self.store,
            scratch=self._scratch(),
            force=force,
            progress=progress,
        )

    def totals(self, folder: AnyPath = "") -> Totals:
        """Number of files and bytes at or below `folder`; costs a few nodes, whatever the size."""
        return self.manifest.totals(folder_path(folder))

    def reopened(self) -> Snapshot:
        """The same version through a repository opened anew: what a forked process should use."""
        return _reopen(self.root, self.commit.id)

    def __reduce__(self) -> tuple[Callable[[Path, CommitId], Snapshot], tuple[Path, CommitId]]:
        return _reopen, (self.root, self.commit.id)

    def _below(self, where: bytes) -> Iterator[tuple[RepoPath, Entry]]:
        found = False
        for item in self.manifest.items(where):
            found = True
            yield item
        if where and not found:
            raise self._not_found(where)

    def _not_found(self, path: bytes) -> PathNotFoundError:
        parent = path.rpartition(b"/")[0]
        hint = f"`aidb ls {self.commit.id[:10]}:{show_path(parent)}` lists what is there."
        return PathNotFoundError(f"{show_path(path)} is not in commit {self.commit.id[:10]}", hints=(hint,))

    def __getitem__(self, path: AnyPath) -> Entry:
        return self.stat(path)

    def __contains__(self, path: AnyPath) -> bool:
        try:
            return self.manifest.get(repo_path(path)) is not None
        except InvalidPathError:
            return False

    def __iter__(self) -> Iterator[str]:
        return (decode_path(path) for path, _ in self.manifest.items())

    def __len__(self) -> int:
        return self.commit.files

    def __repr__(self) -> str:
        return (
            f"<Snapshot {self.commit.id[:10]}: {self.commit.files:,} files, {human_bytes(self.commit.bytes)}>"
        )

    def _repr_html_(self) -> str:
        items = self.ls()
        rows = [
            (
                item.name + ("/" if item.is_folder else _suffix(item.entry)),
                item.files,
                human_bytes(item.bytes),
            )
            for item in items[:50]
        ]
        more = f"… and {len(items) - 50:,} more" if len(items) > 50 else ""
        return html_table(repr(self)[1:-1], ("name", "files", "size"), rows, more=more)


def _reopen(root: Path, commit: CommitId) -> Snapshot:
    from aidb.repository import Repository

    return Repository(root).at(commit)


def _suffix(entry: Entry | None) -> str:
    return "@" if entry is not None and entry.kind is Kind.SYMLINK else ""


def items_in(tree: Manifest | Pending, where: bytes) -> list[Item]:
    """What lies directly in a folder; a file alone. Empty if there is no such path."""
    if where and (entry := tree.get(RepoPath(where))) is not None:
        return [Item(decode_path(where.rpartition(b"/")[2]), decode_path(where), entry, 1, entry.size)]
    prefix = where + b"/" if where else b""
    return [
        Item(decode_path(name), decode_path(prefix + name), entry, totals.files, totals.bytes)
        for name, entry, totals in tree.children(where)
    ]
