"""Appends to a journal: one `write` for each call, so that what returned outlives the process.

A full disk does not stop training. A frame that was written in part is cut off again; it and what follows wait in
memory, up to `MOST_WAITING` bytes, until there is space; what does not fit there is counted and given up.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import struct
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import msgspec

from aidb.errors import InvalidInputError, RefusedError
from aidb.files import fsync_directory, storage_errors, write_all
from aidb.tracking.journal.events import Event, Lost, Writer, encode_event
from aidb.tracking.journal.folder import COMMITS, JOURNAL, host_part
from aidb.tracking.journal.frames import (
    BODY,
    CHECKSUM,
    EVENT,
    HEAD,
    KEY_SET,
    MAGIC,
    MOST_SETS,
    POINT,
    POINTS,
    WRITER,
    KeySet,
    frame,
)
from aidb.tracking.numbers import checked_step, fitting, number_type, plain_number

MOST_KEY = 1000
"""Longest key of a metric, in characters."""
MOST_WAITING = 16 << 20
"""Bytes of frames that wait in memory for space on the disk."""

_fdatasync = getattr(os, "fdatasync", os.fsync)
_live: weakref.WeakSet[JournalWriter] = weakref.WeakSet()


class _Shape(NamedTuple):
    """How the points of a key set are written: length of the payload and id are those of its frames."""

    pack: Callable[..., bytes]
    length: int
    set_id: int


def _checked_key(key: object) -> str:
    if isinstance(key, str) and 0 < len(key) <= MOST_KEY and key.isprintable():
        return key
    raise InvalidInputError(
        f"{str(key)[:80]!r} cannot be the key of a metric",
        hints=("A key is a line of printable text, such as train/loss.",),
    )


def already_finished() -> RefusedError:
    """What who logs to a run that has ended is told."""
    return RefusedError(
        "the run is finished: nothing can be logged any more",
        hints=("Go on with it by `aidb.start_run(resume=…)`, or start another one.",),
    )


def writer_name(host: str) -> str:
    """A name for a writer that no other one has, on whatever host."""
    return f"{host_part(host)}-{os.getpid()}-{os.urandom(4).hex()}"


class JournalWriter:
    """One process's file of a run. Safe for threads and for signal handlers; a forked child gets a file of its own."""

    records = True

    def __init__(
        self, folder: Path, run: str, *, rank: int = 0, version: str = "", warn: Callable[[str], None]
    ) -> None:
        """`folder` is that of the run, which exists. `warn` is told once if the disk takes no more.

        Raises StorageError if the file cannot be made.
        """
        self._folder = folder
        self._about = (run, rank, version)
        self._warn = warn
        self._lock = threading.RLock()  # reentrant: a signal handler may log while its thread does
        self._closed = self._warned = False
        self._fd = -1
        self._forget()
        self._open()
        _live.add(self)

    def _forget(self) -> None:
        """Know of nothing that was written: this will be another file."""
        self._shapes: dict[tuple[Any, ...], _Shape] = {}
        self._sets: dict[tuple[tuple[str, ...], str], _Shape] = {}
        self._waiting: list[bytes] = []
        self._waiting_bytes = self._lost = 0
        self._size = self._synced = 0

    def _open(self) -> None:
        host = socket.gethostname()
        run, rank, version = self._about
        self.name = writer_name(host)
        self.path = self._folder / (self.name + JOURNAL)
        about = Writer(run, self.name, time.time(), host, os.getpid(), rank, version)
        with storage_errors("beginning the run's journal"):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._fd = os.open(self.path, flags, 0o666)
        # A file system may have no flock: there, readers look at the time of the file.
        with contextlib.suppress(OSError):
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._append(MAGIC + frame(WRITER, msgspec.msgpack.encode(about)))

    # Logging

    def points(self, values: Mapping[str, Any], step: int, now: float) -> None:
        """Log numbers at a step. This is what training waits for.

        Raises InvalidInputError for keys that are no text, values that are no numbers and steps that are none.
        """
        with self._lock:  # else another thread may give the id to other keys meanwhile
            shape = self._shapes.get((*values, *map(type, values.values())))
            if shape is None:
                self._first_points(values, step, now)
                return
            pack, length, set_id = shape
            try:
                body = pack(length, POINT, set_id, step, now, *values.values())
            except (struct.error, OverflowError, TypeError, ValueError):
                self._odd_points(values, step, now)
                return
            self._append(crc32(body).to_bytes(CHECKSUM, "little") + body)

    def event(self, event: Event) -> None:
        """Log anything else. Raises InvalidInputError for what has no place in a journal."""
        try:
            payload = encode_event(event)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            what = type(event).__name__.lower()
            raise InvalidInputError(f"the {what} of a run cannot be recorded: {error}") from error
        self._append(frame(EVENT, payload))

    def _first_points(self, values: Mapping[str, Any], step: int, now: float) -> None:
        """Points of a shape that was not seen before; numbers that `struct` does not know are made plain first."""
        types = [number_type(value) for value in values.values()]
        if not all(types):
            self.points({key: plain_number(key, value) for key, value in values.items()}, step, now)
            return
        shape = self._declared(tuple(map(_checked_key, values)), "".join(filter(None, types)))
        if shape is None:
            self._lost += 1
            return
        self._shapes[(*values, *map(type, values.values()))] = shape
        self.points(values, step, now)

    def _odd_points(self, values: Mapping[str, Any], step: int, now: float) -> None:
        """Points that do not fit their types: integers beyond 64 bits become floats, steps are checked."""
        plain = {key: fitting(plain_number(key, value)) for key, value in values.items()}
        self.points(plain, checked_step(step), now)

    def _declared(self, keys: tuple[str, ...], types: str) -> _Shape | None:
        """The shape of a key set, described to the reader if it was not; None if that cannot be written."""
        shape = self._sets.get((keys, types))
        if shape is not None:
            return shape
        if len(self._sets) == MOST_SETS:
            self._shapes.clear()
            self._sets.clear()
        known = KeySet(len(self._sets), keys, types)
        if not self._append(frame(KEY_SET, msgspec.msgpack.encode(known))):
            return None
        body = struct.Struct(BODY.format + POINTS.format.removeprefix(HEAD.format) + types)
        shape = self._sets[keys, types] = _Shape(body.pack, body.size - BODY.size, known.id)
        return shape

    # Beside the file

    def keep_commit(self, commit: str) -> None:
        """Name a commit that garbage collection has to spare. Raises StorageError: it must not be lost."""
        with storage_errors("noting the commit that the run uses"):
            fd = os.open(self._folder / COMMITS, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            try:
                # A line of its own, whatever a crash has left of another one.
                write_all(fd, b"\n" + commit.encode("ascii") + b"\n")
                os.fsync(fd)
            finally:
                os.close(fd)

    # The file

    def _append(self, data: bytes) -> bool:
        """Write a frame, or keep it until that is possible; whether either could be done."""
        with self._lock:
            if self._fd < 0:
                self._reopen()
            if self._waiting:
                return self._keep(data)
            try:
                written = os.write(self._fd, data)
            except OSError as error:
                return self._refused(data, error)
            if written != len(data):
                return self._refused(data, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
            self._size += written
            return True

    def _reopen(self) -> None:
        if self._closed:
            raise already_finished()
        self._open()

    def _refused(self, data: bytes, error: OSError) -> bool:
        self._complain(
            f"the run's journal cannot be written ({error.strerror}); training goes on, and what is logged"
            " waits in memory until there is space"
        )
        return self._keep(data)

    def _keep(self, data: bytes) -> bool:
        if self._waiting_bytes + len(data) > MOST_WAITING:
            self._lost += 1
            return False
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        return True

    def retry(self) -> None:
        """Write what waits, as far as there is space; to be called from time to time."""
        with self._lock:
            if not self._waiting or self._fd < 0:
                return
            with contextlib.suppress(OSError):
                self._write_waiting()
            if self._waiting:
                return
            if self._lost:
                self.event(Lost(time=time.time(), calls=self._lost))
                self._lost = 0

    def _write_waiting(self) -> None:
        """Write frame by frame from where the last whole frame ended. Raises OSError."""
        os.ftruncate(self._fd, self._size)
        done = 0
        try:
            for data in self._waiting:
                if os.write(self._fd, data) != len(data):
                    os.ftruncate(self._fd, self._size)
                    break
                self._size += len(data)
                self._waiting_bytes -= len(data)
                done += 1
        finally:
            del self._waiting[:done]

    def sync(self) -> None:
        """Bring what was written to the disk, so that it outlives a power cut. Never holds up who logs."""
        fd, size = self._fd, self._size
        if fd < 0 or size == self._synced:
            return
        try:
            if self._synced:
                _fdatasync(fd)
            else:
                os.fsync(fd)
                fsync_directory(self._folder)
        except OSError as error:
            self._complain(f"the run's journal does not reach the disk ({error.strerror})")
        self._synced = size

    def touch(self) -> None:
        """Show on other hosts that it is still written, however long nothing is logged."""
        if self._fd >= 0:
            os.utime(self._fd)

    def close(self) -> None:
        """Write and sync what there is. What is logged from now on is refused. Harmless when done twice."""
        with self._lock:
            if self._closed:
                return
            self.retry()
            self.sync()
            if self._waiting or self._lost:
                calls = len(self._waiting) + self._lost
                self._warn(f"{calls:,} calls could not be written to the run's journal: the disk is full")
            self._closed = True
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = -1

    def _complain(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            self._warn(text)

    def _forked(self) -> None:
        """In the child of a fork: leave the parent's file alone."""
        self._lock = threading.RLock()
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
        self._forget()


def _forked() -> None:
    for writer in list(_live):
        writer._forked()


os.register_at_fork(after_in_child=_forked)
