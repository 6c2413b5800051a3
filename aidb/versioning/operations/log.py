"""The file that operations are noted in: appended to under a lock, read without one, cut short when it grows long."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from aidb.errors import NotFoundError
from aidb.files import append_line, file_lock, fsync_directory, storage_errors, write_atomic
from aidb.types import CommitId, ObjectId, RefName
from aidb.versioning.identity import fallback_person
from aidb.versioning.operations.record import (
    Line,
    Move,
    Operation,
    View,
    assemble,
    decode_line,
    encode_line,
)
from aidb.versioning.operations.recording import Recording

MOST_BYTES = 16 << 20
"""A longer file loses its older half: some 20,000 operations are remembered."""

_COMMIT_DIGITS = 40


class Roots(NamedTuple):
    """What the operations name: as long as they are kept, so must this be."""

    commits: list[CommitId]
    manifests: list[ObjectId]


class OperationLog:
    """The operations of one repository. Safe for threads and processes; each thread records its own."""

    def __init__(self, path: Path, locks: Path, scratch: Callable[[], Path]) -> None:
        """`path` is `.aidb/operations`; `locks` the folder for lock files, `scratch()` that for temporary ones."""
        self._path = path
        self._scratch = scratch
        self._lock = locks / "operations"
        self._thread = threading.local()

    # Recording

    @property
    def current(self) -> Recording | None:
        """The operation that this thread is in."""
        found: Recording | None = getattr(self._thread, "recording", None)
        return found

    @contextlib.contextmanager
    def recording(
        self,
        verb: str,
        about: str = "",
        *,
        local: bool = True,
        undoes: str | None = None,
        redoes: str | None = None,
        resume: Operation | None = None,
    ) -> Iterator[Recording]:
        """Everything that the block changes is one operation. A block inside another one is part of that.

        `local=False`: not a person's doing in this workspace, so `undo` passes it over.
        """
        if (outer := self.current) is not None:
            yield outer
            return
        if resume is not None:
            recording = Recording.resume(self, resume)
        else:
            recording = Recording.new(self, verb, about, _who(), local=local, undoes=undoes, redoes=redoes)
        self._thread.recording = recording
        try:
            yield recording
            recording.finish()
        finally:
            self._thread.recording = None

    def moving(self, ref: RefName, old: str | None, new: str | None, reason: str) -> None:
        """A ref is about to move; outside any operation, it is one by itself."""
        verb, _, about = reason.partition(": ")
        with self.recording(verb, about, local=False) as recording:
            recording.move(Move(ref, old, new))

    def append(self, line: Line, *, durable: bool = False) -> None:
        """Add a line. What a crash left of another one is ended first."""
        data = encode_line(line)
        with file_lock(self._lock, what="the operation log"), storage_errors("noting the operation"):
            fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                size = append_line(fd, data)
                if durable:
                    os.fsync(fd)
            finally:
                os.close(fd)
            if durable and not size:
                fsync_directory(self._path.parent)
            if size > MOST_BYTES:
                self._shorten()

    # Reading

    def read(self) -> list[Operation]:
        """All operations that are remembered, oldest first."""
        return assemble(self._lines())

    def find(self, name: str) -> Operation:
        """The operation whose id begins with `name`. Raises NotFoundError."""
        found = [operation for operation in self.read() if operation.id.startswith(name)] if name else []
        if len(found) == 1:
            return found[0]
        problem = (
            f"{name!r} begins the ids of {len(found)} operations"
            if found
            else f"there is no operation {name!r}"
        )
        raise NotFoundError(problem, hints=("`aidb op log` lists them.",))

    def roots(self, since: datetime | None = None) -> Roots:
        """The commits and manifests that the operations need to be taken back: all of them, or those that `forget`
        would leave."""
        commits: dict[str, None] = {}
        manifests: dict[str, None] = {}
        known = list(self._lines())
        old = _older(known, since)
        for line in known:
            if line.id in old:
                continue
            names, roots = _named(line)
            commits.update(dict.fromkeys(name for name in names if name and len(name) == _COMMIT_DIGITS))
            manifests.update(dict.fromkeys(root for root in roots if root))
        return Roots(
            [CommitId(commit) for commit in commits],
            [ObjectId(bytes.fromhex(root)) for root in manifests],
        )

    def _lines(self) -> Iterator[Line]:
        return (line for line in map(decode_line, self._data().split(b"\n")) if line is not None)

    def _data(self) -> bytes:
        with storage_errors("reading the operation log"), contextlib.suppress(FileNotFoundError):
            return self._path.read_bytes()
        return b""

    # Forgetting

    def forget(self, before: datetime) -> int:
        """Forget the operations that began before a point in time; return how many."""
        with file_lock(self._lock, what="the operation log"):
            known = list(self._lines())
            old = _older(known, before)
            if old:
                kept = b"".join(encode_line(line) for line in known if line.id not in old)
                write_atomic(self._path, kept, scratch=self._scratch())
        return len(old)

    def _shorten(self) -> None:
        """Keep the newer half. The lock is held."""
        data = self._data()
        cut = data.index(b"\n", len(data) // 2) + 1
        write_atomic(self._path, data[cut:], scratch=self._scratch())


def _older(lines: list[Line], since: datetime | None) -> set[str]:
    """The ids of the operations that began before a point in time."""
    return {line.id for line in lines if since is not None and line.time is not None and line.time < since}


def _named(line: Line) -> tuple[list[str | None], list[str | None]]:
    """The commits and manifest roots that a line names."""
    commits: list[str | None] = []
    roots: list[str | None] = []
    if line.move is not None:
        commits += [line.move.old, line.move.new]
    if line.files is not None:
        roots += [line.files.old, line.files.new]
    if line.state is not None:
        for view in (line.state.old, line.state.new):
            _name_view(view, commits, roots)
    return commits, roots


def _name_view(view: View, commits: list[str | None], roots: list[str | None]) -> None:
    commits.append(view.base)
    roots += [view.base_root, view.staged]
    if view.merge is not None:
        commits += view.merge.heads
        roots.append(view.merge.root)


@cache
def _who() -> str:
    """The login name at this host."""
    return fallback_person().email
