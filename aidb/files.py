"""The few ways in which aidb writes its own files, so that a crash at any instant leaves old or new, never half.

Words: a *session* is one open repository in one process; its *scratch* folder `.aidb/tmp/<session>/` holds every
temporary file it makes; its name begins with the second in which the session began. The folder is kept locked (flock)
while the session lives; what a killed process leaves behind is found unlocked by the next session that writes, and
removed.

What is not promised: flock on a network file system that does not implement it. There a folder counts as dead after
`ABANDONED_AFTER` seconds without a change.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from aidb.errors import LockedError, StorageError

ABANDONED_AFTER = 24 * 3600.0
_NO_FLOCK = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


class storage_errors:  # noqa: N801 -- used as a function, as `contextlib.suppress` is
    """Turns an OSError of the block into a StorageError that says what was being done."""

    __slots__ = ("_doing",)

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError) and not isinstance(error, StorageError):
            raise StorageError.from_os_error(error, self._doing) from error


def fsync_directory(folder: Path | str) -> None:
    """Make renames and new names in `folder` survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_durably(path: Path | str, data: bytes) -> None:
    """Write and fsync a new file; not atomic by itself."""
    write_each_durably([(path, data)])


def write_each_durably(files: Iterable[tuple[Path | str, bytes]], mode: int = 0o666) -> None:
    """Write and fsync some small new files; the disk writes all of them while the first is waited for."""
    fds: list[int] = []
    try:
        for path, data in files:
            fds.append(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode))
            write_all(fds[-1], data)
            start_writing(fds[-1])
        for fd in fds:
            os.fsync(fd)
    finally:
        for fd in fds:
            os.close(fd)


def start_writing(fd: int) -> None:
    """Have the kernel begin to write a file to the disk, so that the fsync to come has less to wait for.

    What is not yet on the disk cannot be dropped from memory: asked to drop it, Linux starts to write it. Others may
    do nothing.
    """
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def write_all(fd: int, data: bytes | bytearray | memoryview) -> None:
    """`os.write` until everything is written."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def append_line(fd: int, line: bytes) -> int:
    """Append a line to a file opened for reading and appending; how long it was before.

    What a crash left of another line is ended first, so that it spoils no other.
    """
    size = os.fstat(fd).st_size
    is_torn = size and os.pread(fd, 1, size - 1) != b"\n"
    write_all(fd, b"\n" + line if is_torn else line)
    return size


def write_atomic(path: Path, data: bytes, *, scratch: Path) -> None:
    """Replace `path` by `data`: a reader, or a crash, sees the old file or the new one.

    `scratch` is a folder on the same file system for the temporary file.
    """
    temporary = scratch / os.urandom(8).hex()
    with storage_errors(f"writing {path.name}"):
        try:
            write_durably(temporary, data)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        fsync_directory(path.parent)


class file_lock:  # noqa: N801 -- as above
    """Holds a lock file for the block; the kernel frees it when the process dies, however it dies."""

    def __init__(self, path: Path | str, *, what: str, timeout: float = 60.0) -> None:
        """`what` names the thing locked ("the workspace"). Entering raises LockedError, naming the holder, after
        `timeout` seconds."""
        self._path = path
        self._what = what
        self._timeout = timeout

    def __enter__(self) -> None:
        with storage_errors(f"locking {self._what}"):
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                _acquire(self._fd, self._what, self._timeout)
                # Padded instead of truncated: ext4 flushes a file that was cut to nothing and written again.
                os.pwrite(self._fd, b"%-16d\n" % os.getpid(), 0)
            except BaseException:
                os.close(self._fd)
                raise

    def __exit__(self, *exception: object) -> None:
        os.close(self._fd)


def _acquire(fd: int, what: str, timeout: float) -> None:
    if _try_lock(fd):
        return
    deadline = time.monotonic() + timeout
    pause = 0.001
    while not _try_lock(fd):
        if time.monotonic() > deadline:
            holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise LockedError(
                f"{what} is in use by another aidb command (process {holder})",
                hints=("Wait until it has finished, then run the same command again.",),
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_FLOCK:
            raise
    return True


class Session:
    """One open repository in one process; makes its scratch folder when it is first needed.

    Fork-safe: a forked child gets a scratch folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is `.aidb/tmp`."""
        self._folder = folder
        self._scratch: Path | None = None
        self._lock: int | None = None
        self._pid = 0

    def scratch(self) -> Path:
        """The folder for this session's temporary files; also removes what dead sessions left."""
        if self._scratch is None or self._pid != os.getpid():
            with storage_errors("making a folder for temporary files"):
                remove_abandoned(self._folder)
                self._scratch, self._lock = _make_scratch(self._folder)
            self._pid = os.getpid()
        return self._scratch

    def others(self) -> list[float]:
        """When each other live session that has a scratch folder began, in seconds since 1970; the oldest first."""
        mine = None if self._scratch is None else self._scratch.name
        with storage_errors("looking for live sessions"):
            names = [name for name in _names(self._folder) if name != mine]
            return sorted(_began(name) for name in names if not _is_abandoned(self._folder / name))

    @property
    def began(self) -> float | None:
        """When this session made its scratch folder, in seconds since 1970; None if it has none."""
        return None if self._scratch is None else _began(self._scratch.name)

    def close(self) -> None:
        """Remove the scratch folder. Harmless when there is none."""
        if self._scratch is None or self._lock is None or self._pid != os.getpid():
            return
        _remove_tree(self._scratch)
        os.close(self._lock)
        self._scratch = self._lock = None


def _make_scratch(folder: Path) -> tuple[Path, int]:
    """Make and lock a scratch folder. A cleaner may take it away before the lock is held: then make another."""
    while True:
        scratch = folder / f"{int(time.time())}-{os.getpid()}-{os.urandom(6).hex()}"
        os.makedirs(scratch)
        with contextlib.suppress(FileNotFoundError):
            fd = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            if _try_lock(fd) and scratch.exists():
                return scratch, fd
            os.close(fd)


def remove_abandoned(folder: Path) -> int:
    """Remove the scratch folders whose sessions are dead; return how many there were."""
    return sum(_is_abandoned(folder / name, then=_remove_tree) for name in _names(folder))


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _began(name: str) -> float:
    """What a scratch folder's name says; the beginning of time, to be careful, if it says nothing."""
    seconds = name.partition("-")[0]
    return float(seconds) if seconds.isdecimal() else 0.0


def _is_abandoned(scratch: Path, then: Callable[[Path], None] = lambda _: None) -> bool:
    """Whether the session of a scratch folder is dead. If so, `then` is done while nobody else can take it over."""
    try:
        fd = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        if time.time() - os.fstat(fd).st_mtime < ABANDONED_AFTER:
            return False
    else:
        # Held only for this moment: a session that is being made retries with another folder.
        then(scratch)
        return True
    finally:
        os.close(fd)
    then(scratch)
    return True


def _remove_tree(folder: Path) -> None:
    import shutil  # here: it imports every compressor, and most commands remove nothing

    shutil.rmtree(folder, ignore_errors=True)
