"""A set of changes to a branch, committed at once, without a workspace.

    with repo.transaction("main", "Add the third shard") as tx:
        tx.put("train/shard-3.parquet", Path("/data/shard-3.parquet"))
        with tx.open("train/README", "wb") as file: ...
        tx.move("labels.csv", "train/labels.csv")
    tx.commit_id

Nothing is seen by others until the block ends; an exception in it leaves the branch as it is. Everything is read from
the version the branch had when the transaction began, with its own changes on top.

Transactions are serialisable: if others have moved the branch meanwhile, the changes are made to its new tip, unless
what others changed is a path that this transaction changes or *has read*: by `stat` or `read`, by `ls` or `walk` (a
folder with everything below), as the source of a `copy` or `move`, or as a folder that it deleted; `exists` and
`is_folder` mind only whether there still is something. Then MergeConflictError names the paths, nothing is committed,
and the block can simply be run again.

What a transaction leaves in the store when it fails are at most full packs, which dedupe a second try.
"""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Literal, cast

from aidb.errors import InvalidInputError, InvalidPathError, PathNotFoundError, RefusedError
from aidb.progress import SILENT, Progress
from aidb.snapshot import BUFFER, AnyPath, Item, items_in
from aidb.types import (
    HEADS,
    Blob,
    CommitId,
    Entry,
    Kind,
    ObjectId,
    RepoPath,
    decode_path,
    folder_path,
    repo_path,
    show_path,
)
from aidb.versioning.commits import clean_message
from aidb.versioning.manifest import Manifest, NodeCache
from aidb.versioning.overlay import Overlay
from aidb.versioning.revisions import resolve
from aidb.versioning.series import ancestor, is_checkpoint
from aidb.versioning.transactions.landing import Landing, Start
from aidb.versioning.transactions.pending import Pending
from aidb.versioning.transactions.reads import Reads
from aidb.versioning.transactions.sources import Content, store_content, store_from_disk
from aidb.versioning.workspace.report import some

if TYPE_CHECKING:
    from aidb.store import ObjectStore
    from aidb.store.ingest.sink import BlobSink
    from aidb.versioning.commits import Person
    from aidb.versioning.engine import Engine
    from aidb.versioning.gate import Gate
    from aidb.versioning.recording import Recorder


class Transaction:
    """Use it as a context manager, or end it by `commit` or `abort`. Safe for threads."""

    def __init__(
        self,
        engine: Engine,
        store: ObjectStore,
        recorder: Recorder,
        locks: Path,
        start: Start,
        message: str,
        author: Person | None = None,
        *,
        gate: Gate,
        verify: bool = True,
    ) -> None:
        """See `Repository.transaction`. `locks` is the folder for aidb's lock files, `gate` asks the checks."""
        self._engine = engine
        self._store = store
        self._start = start
        self._message = clean_message(message)
        self._author = author
        overlay = Overlay(store)
        self._nodes = NodeCache(overlay)
        root = overlay.empty if start.commit is None else engine.read_commit(start.commit).root
        self._pending = Pending(Manifest(self._nodes, root))
        self._reads = Reads()
        self._writer = store.writer()
        self._landing = Landing(engine, self._writer, recorder, self._nodes, locks, gate, verify=verify)
        self._unflushed: set[ObjectId] = set()
        self._open: dict[RepoPath, BlobSink] = {}
        self._lock = threading.RLock()
        self._ended = False
        self.commit_id: CommitId | None = None
        """The commit that was made; None before the end, and if nothing changed or the transaction was given up."""

    # Writing

    def put(
        self,
        path: AnyPath,
        source: Content | str | os.PathLike[str],
        *,
        executable: bool = False,
        progress: Progress = SILENT,
    ) -> None:
        """Make `path` a file, or fill a folder.

        `source` is a file or folder of the disk (a path), bytes, a binary file that is read to its end, or an
        iterator of bytes. A folder's files are put below `path` as `add` would take them; other files there stay.
        """
        self._check_open()
        if isinstance(source, (str, os.PathLike)):
            self._put_from_disk(folder_path(path), source, executable=executable, progress=progress)
            return
        key = repo_path(path)
        blob = store_content(self._writer, source, decode_path(key), self._ancestor(key))
        self._put_blob(key, blob, executable=executable)

    def open(
        self, path: AnyPath, mode: Literal["rb", "wb", "xb"] = "rb", *, executable: bool = False
    ) -> BinaryIO:
        """A file as a binary stream: "rb" to read it; "wb" to write it anew, "xb" if it must not exist yet.

        What is written streams into the store, in bounded memory, and is part of the transaction once the file is
        closed. A `with` block that is left by an exception leaves no file.
        """
        self._check_open()
        if mode == "rb":
            raw = self._store.open_blob(self._readable(path))
            return cast(BinaryIO, io.BufferedReader(raw, BUFFER))
        if mode not in ("wb", "xb"):
            raise InvalidInputError(
                f"a file of a transaction cannot be opened with mode {mode!r}",
                hints=('Use "rb" to read, "wb" to write, "xb" to write only what does not exist.',),
            )
        key = repo_path(path)
        if mode == "xb" and self.exists(path):
            raise RefusedError(
                f"{show_path(key)} exists already", hints=('Open it with "wb" to replace it.',)
            )
        return self._open_new(key, executable=executable)

    def delete(self, path: AnyPath) -> None:
        """Take away a file, or a folder with all that is below. Raises PathNotFoundError."""
        with self._changing() as pending:
            self._update(pending, [(key, None) for key, _ in self._tree(folder_path(path))])

    def copy(self, source: AnyPath, target: AnyPath, *, revision: str | None = None) -> None:
        """Put a file or folder under another path, too; no bytes are copied. `target` is its new path, not a folder
        to copy it into; files already in a folder of that name stay.

        `revision` takes the source from another version.
        """
        where = folder_path(source)
        with self._changing() as pending:
            found = self._tree(where) if revision is None else self._of_version(revision, where)
            self._update(pending, _renamed(found, where, folder_path(target)))

    def move(self, source: AnyPath, target: AnyPath) -> None:
        """Give a file or folder another path; no bytes are copied. `target` is its new path, as with `copy`."""
        where, to = folder_path(source), folder_path(target)
        if to.startswith(where + b"/") or not where:
            raise InvalidPathError(f"{show_path(where or b'.')} cannot be moved into itself")
        with self._changing() as pending:
            found = self._tree(where)
            if where == to:
                return
            self._update(pending, [*((path, None) for path, _ in found), *_renamed(found, where, to)])

    # Reading what is pending

    def stat(self, path: AnyPath) -> Entry:
        """Kind, size and content id of a file or link. Raises PathNotFoundError."""
        key = repo_path(path)
        with self._changing() as pending:
            if not pending.touches(key):
                self._reads.file(key)
            entry = pending.get(key)
        if entry is None:
            raise self._not_found(key)
        return entry

    def exists(self, path: AnyPath) -> bool:
        """Whether there is a file, a link or a folder."""
        where = folder_path(path)
        return not where or self._any(where)

    def is_folder(self, path: AnyPath) -> bool:
        """Whether there is a folder; the root always is one."""
        where = folder_path(path)
        return not where or self._any(where + b"/")

    def ls(self, folder: AnyPath = "") -> list[Item]:
        """What lies directly in `folder`, as `Snapshot.ls` gives it."""
        where = folder_path(folder)
        with self._changing() as pending:
            self._reads.tree(where)
            items = items_in(pending, where)
        if not items and where:
            raise self._not_found(where)
        return items

    def walk(self, folder: AnyPath = "") -> Iterator[tuple[str, Entry]]:
        """Every file at or below `folder` with its path, as it is now, in byte order of paths."""
        with self._changing():
            found = self._tree(folder_path(folder))
        return ((decode_path(path), entry) for path, entry in found)

    def read(self, path: AnyPath) -> bytes:
        """The whole content of a file (of a link: its target)."""
        return self._store.read_blob(self._readable(path))

    # Ending

    def commit(self) -> CommitId | None:
        """Make the commit and move the branch, as the end of the block does; `commit_id` of it.

        Raises MergeConflictError if others changed meanwhile what this transaction changes or has read, RefusedError
        while a file is still open, CheckFailedError if the checks of the branch refuse the version. Whatever is raised,
        the transaction is over and the branch as it was.
        """
        try:
            with self._changing() as pending:
                self._refuse_open_files()
                made = self._landing.land(self._start, pending, self._reads, self._message, self._author)
                self.commit_id = None if made is None else made.id
        finally:
            self.abort()
        return self.commit_id

    def abort(self) -> None:
        """Give the transaction up: nothing of it happened. Harmless when it is over."""
        with self._lock:
            if not self._ended:
                self._ended = True
                for sink in list(self._open.values()):
                    sink.discard()
                self._writer.discard()

    def __enter__(self) -> Transaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort()
        elif not self._ended:
            self.commit()

    def __repr__(self) -> str:
        state = "over" if self._ended else "open"
        return f"<Transaction on {self._start.branch}, {state}: {self._message.partition(chr(10))[0]!r}>"

    # Inside

    @contextlib.contextmanager
    def _changing(self) -> Iterator[Pending]:
        with self._lock:
            self._check_open()
            yield self._pending

    def _check_open(self) -> None:
        if self._ended:
            raise RefusedError(
                "the transaction is over", hints=("Begin another one with `repo.transaction(…)`.",)
            )

    def _put_blob(self, path: RepoPath, blob: Blob, *, executable: bool) -> None:
        kind = Kind.EXECUTABLE if executable else Kind.FILE
        self._put_entries([(path, Entry(kind, blob.size, blob.id, blob.recipe))])

    def _put_from_disk(
        self, where: bytes, source: str | os.PathLike[str], *, executable: bool, progress: Progress
    ) -> None:
        entries = []

        def base_of(path: bytes) -> Blob | None:
            return self._ancestor(_below(where, path))

        for path, entry in store_from_disk(self._writer, source, base_of, progress=progress):
            kind = Kind.EXECUTABLE if executable and entry.kind is Kind.FILE else entry.kind
            entries.append((_below(where, path), entry._replace(kind=kind)))
        self._put_entries(entries)

    def _put_entries(self, entries: list[tuple[RepoPath, Entry]]) -> None:
        with self._changing() as pending:
            self._update(pending, entries)
            self._unflushed.update(entry.blob for _, entry in entries)

    def _update(self, pending: Pending, edits: Iterable[tuple[RepoPath, Entry | None]]) -> None:
        try:
            pending.update(edits)
        except InvalidPathError:
            # That it could not be done was learnt from the version, so it has to stay true.
            self._reads.tree(b"")
            raise

    def _open_new(self, path: RepoPath, *, executable: bool) -> BinaryIO:
        def done(blob: Blob | None) -> None:
            self._open.pop(path, None)
            if blob is not None:
                self._put_blob(path, blob, executable=executable)

        with self._changing():
            if path in self._open:
                raise RefusedError(f"{show_path(path)} is being written already", hints=("Close it first.",))
            base = self._ancestor(path)
            sink = self._open[path] = self._writer.open_blob(done, name_hint=decode_path(path), base=base)
        return cast(BinaryIO, sink)

    def _ancestor(self, path: RepoPath) -> Blob | None:
        """What a checkpoint that is put may be stored as the difference to. Nothing of the version depends on it."""
        if not is_checkpoint(path):
            return None
        with self._changing() as pending:
            return ancestor(pending.base, path)

    def _readable(self, path: AnyPath) -> Blob:
        """The content of a pending file, which the store can read from now on."""
        entry = self.stat(path)
        with self._changing():
            if entry.blob in self._unflushed:
                self._writer.flush()
                self._unflushed.clear()
        return entry.content

    def _any(self, prefix: bytes) -> bool:
        """Whether there is anything at or below `prefix`; whether there still is matters from now on, not what."""
        with self._changing() as pending:
            if pending.puts_below(prefix):
                return True
            self._reads.presence(prefix, there=pending.base.totals(prefix).files > 0)
            return pending.totals(prefix).files > 0

    def _tree(self, where: bytes) -> list[tuple[RepoPath, Entry]]:
        """A file, or a folder with all that is below, which matters from now on."""
        self._reads.tree(where)
        found = list(self._pending.items(where))
        if where and not found:
            raise self._not_found(where)
        return found

    def _of_version(self, revision: str, where: bytes) -> list[tuple[RepoPath, Entry]]:
        commit = self._engine.read_commit(resolve(self._engine, revision))
        manifest = Manifest(self._nodes, commit.root)
        if where and not manifest.totals(where).files:
            raise PathNotFoundError(
                f"{show_path(where)} is not in commit {commit.id[:10]}",
                hints=(f"`aidb ls {commit.id[:10]}:` lists what is there.",),
            )
        return list(manifest.items(where))

    def _refuse_open_files(self) -> None:
        if self._open:
            raise RefusedError(
                f"{some(sorted(self._open))}: still being written; nothing was committed",
                hints=("Close every file before the transaction ends, best with a `with` block of its own.",),
            )

    def _not_found(self, path: bytes) -> PathNotFoundError:
        branch = self._start.branch.removeprefix(HEADS)
        return PathNotFoundError(
            f"{show_path(path)} is not in {branch}",
            hints=(f"`aidb ls {branch}:{show_path(path.rpartition(b'/')[0])}` lists what is there.",),
        )


def _below(folder: bytes, path: bytes) -> RepoPath:
    """`path` inside `folder`; either may be empty, not both."""
    return repo_path(folder + b"/" + path if folder and path else folder or path)


def _renamed(
    items: Iterable[tuple[RepoPath, Entry]], source: bytes, target: bytes
) -> Iterator[tuple[RepoPath, Entry]]:
    """The items at or below `source` as they are called at or below `target`."""
    start = len(source) + 1 if source else 0
    return ((_below(target, path[start:]), entry) for path, entry in items)
