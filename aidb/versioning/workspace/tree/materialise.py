"""Writes files of a version into the working tree: verified, to a temporary place, then renamed to where they belong.

A file is never seen half written under its own name, and a damaged object never gets there at all. What is not
promised: that files survive a power cut the moment they are written (they can be written again), nor anything about
programs that write the same files at the same time.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from aidb.errors import IntegrityError
from aidb.files import write_all
from aidb.progress import Task
from aidb.store import ObjectStore
from aidb.types import Entry, Kind, RepoPath
from aidb.versioning.workspace.index.rows import UNKNOWN, exact_row, is_racy
from aidb.versioning.workspace.tree.folders import Folders
from aidb.versioning.workspace.tree.new_folders import NewFolders

BATCH_FILES = 20_000
_LONGEST_TICK = 0.025

Wanted = tuple[RepoPath, Entry]
Written = tuple[RepoPath, bytes]
"""A path and its row."""


class Materialiser:
    """Writes entries. Use as a context manager."""

    def __init__(self, root: Path, store: ObjectStore, scratch: Path, task: Task) -> None:
        self._store = store
        self._folders = Folders(root)
        self._scratch = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._prefix = os.urandom(4).hex()
        self._new = NewFolders(self._folders, scratch / f"{self._prefix}-new")
        self._count = 0
        self._newest = 0
        self._task = task
        self.damaged: dict[RepoPath, IntegrityError] = {}
        """Paths that could not be written because their content is damaged or missing; they are as they were."""

    def __enter__(self) -> Materialiser:
        return self

    def __exit__(self, *exc: object) -> None:
        self._new.close()
        self._folders.close()
        os.close(self._scratch)

    def write(self, wanted: Iterable[Wanted]) -> Iterator[Written]:
        """Write files, small ones in the order in which the store holds them; yields each with its row."""
        for batch in _batches(wanted):
            yield from self._write_small([item for item in batch if item[1].recipe is None])
            for path, entry in batch:
                if entry.recipe is not None:
                    with self._guard(path):
                        yield path, self._write_large(path, entry)
                    self._task.advance()
            self._new.publish()
        _wait_for_tick(self._newest)

    def _write_small(self, items: list[Wanted]) -> Iterator[Written]:
        left = dict(enumerate(items))
        try:
            for at, data in self._store.read_chunks([entry.blob for _, entry in items]):
                path, entry = left[at]
                if len(data) != entry.size:
                    continue  # only a forged version says so: refused below
                del left[at]
                yield path, self._write_bytes(path, entry, data)
                self._task.advance()
        except IntegrityError:
            # One chunk of the batch is bad; which one, and that it is the only one, shows when they are read singly.
            pass
        for path, entry in left.values():
            with self._guard(path):
                yield path, self._write_bytes(path, entry, self._store.read_blob(entry.content))
            self._task.advance()

    def _write_bytes(self, path: RepoPath, entry: Entry, data: bytes | bytearray | memoryview) -> bytes:
        folder, _, name = path.rpartition(b"/")
        new = self._new.place(folder)
        if new is not None:
            return self._row(_write_file(name, new, entry, data))
        temporary = self._temporary()
        try:
            _write_file(temporary, self._scratch, entry, data)
        except BaseException:
            self._drop(temporary)
            raise
        return self._put_in_place(temporary, path)

    def _write_large(self, path: RepoPath, entry: Entry) -> bytes:
        temporary = self._temporary()
        fd = os.open(temporary, _NEW, _mode(entry), dir_fd=self._scratch)
        try:
            self._store.copy_blob(entry.content, fd)
        except BaseException:
            os.close(fd)
            self._drop(temporary)
            raise
        os.close(fd)
        return self._put_in_place(temporary, path)

    def _put_in_place(self, temporary: str, path: RepoPath) -> bytes:
        """Give a finished file its name; return its row."""
        folder, _, name = path.rpartition(b"/")
        try:
            new = self._new.place(folder)
            place = self._folders.open(folder, make=True) if new is None else new
            self._rename(temporary, name, place)
            return self._row(os.stat(name, dir_fd=place, follow_symlinks=False))
        except BaseException:
            self._drop(temporary)
            raise

    def _row(self, found: os.stat_result) -> bytes:
        changed = found.st_ctime_ns
        if changed > self._newest:
            self._newest = changed
        if changed % 1_000_000_000 == 0 and is_racy(found, time.time_ns()):
            return UNKNOWN  # a stamp of whole seconds cannot tell later writes of the same second
        return exact_row(found)

    def _rename(self, temporary: str, name: bytes, place: int) -> None:
        try:
            os.rename(temporary, name, src_dir_fd=self._scratch, dst_dir_fd=place)
        except IsADirectoryError:
            _remove_empty_folders(name, place)
            os.rename(temporary, name, src_dir_fd=self._scratch, dst_dir_fd=place)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._rename_across(temporary, name, place)

    def _rename_across(self, temporary: str, name: bytes, place: int) -> None:
        """The folder is another file system, mounted into the workspace: copy to a temporary name in there first."""
        beside = f".aidb-{temporary}".encode()
        if stat.S_ISLNK(os.stat(temporary, dir_fd=self._scratch, follow_symlinks=False).st_mode):
            os.symlink(os.readlink(temporary, dir_fd=self._scratch), os.fsdecode(beside), dir_fd=place)
        else:
            _copy_file(self._scratch, temporary, place, beside)
        try:
            os.rename(beside, name, src_dir_fd=place, dst_dir_fd=place)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside, dir_fd=place)
            raise
        self._drop(temporary)

    def _temporary(self) -> str:
        self._count += 1
        return f"{self._prefix}-{self._count}"

    def _drop(self, temporary: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=self._scratch)

    @contextlib.contextmanager
    def _guard(self, path: RepoPath) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            self.damaged[path] = error


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def _mode(entry: Entry) -> int:
    return 0o777 if entry.kind is Kind.EXECUTABLE else 0o666


def _write_file(
    name: str | bytes, place: int, entry: Entry, data: bytes | bytearray | memoryview
) -> os.stat_result:
    """Write a new file or symlink that nobody looks for yet; what it is then."""
    if entry.kind is Kind.SYMLINK:
        os.symlink(bytes(data), os.fsencode(name), dir_fd=place)
        return os.stat(name, dir_fd=place, follow_symlinks=False)
    fd = os.open(name, _NEW, _mode(entry), dir_fd=place)
    try:
        written = os.write(fd, data)
        if written != len(data):
            write_all(fd, memoryview(data)[written:])
        return os.fstat(fd)
    finally:
        os.close(fd)


def _batches(wanted: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    rest = iter(wanted)
    while batch := list(islice(rest, BATCH_FILES)):
        yield batch


def _copy_file(source_folder: int, source: str, target_folder: int, target: bytes) -> None:
    reader = os.open(source, os.O_RDONLY | os.O_CLOEXEC, dir_fd=source_folder)
    try:
        writer = os.open(target, _NEW, os.fstat(reader).st_mode & 0o777, dir_fd=target_folder)
        try:
            while piece := os.read(reader, 1 << 20):
                write_all(writer, piece)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def _remove_empty_folders(name: bytes, place: int) -> None:
    """Make room for a file where a folder stands that holds nothing but folders."""
    for _, inner, _, folder in os.fwalk(name, topdown=False, dir_fd=place):
        for sub in inner:
            os.rmdir(sub, dir_fd=folder)
    os.rmdir(name, dir_fd=place)


def _wait_for_tick(newest: int) -> None:
    """Wait until the clock that stamps files has moved on: a later write cannot then look like ours."""
    clock = getattr(time, "CLOCK_REALTIME_COARSE", time.CLOCK_REALTIME)
    deadline = time.monotonic() + _LONGEST_TICK
    while newest >= time.clock_gettime_ns(clock) and time.monotonic() < deadline:
        time.sleep(0.001)
