"""A backend that is a folder: a disk, NFS, Lustre.

A new object is a temporary file that is fsynced and then *linked* to its name, so that a name appears whole or not at
all and is never replaced; where hard links are unknown it is renamed. The folders are fsynced once, in `sync`. Names
that begin with a dot (scratch, locks) are never keys.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from aidb.errors import AidbError, StorageError
from aidb.files import file_lock, fsync_directory, storage_errors, write_atomic, write_durably
from aidb.store.backends.base import Backend, Stored, check_key, check_range, no_such_object
from aidb.store.backends.open_files import OpenFiles

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)


class LocalBackend(Backend):
    """Objects as files below `root`."""

    def __init__(
        self, root: Path, scratch: Callable[[], Path] | None = None, *, max_open_files: int = 64
    ) -> None:
        """`scratch` gives a folder on the same file system for temporary files; by default `root/.scratch`."""
        self.root = Path(root)
        self._text_root = os.fspath(self.root) + "/"
        self._scratch = scratch or self._own_scratch
        self._files = OpenFiles(max_open_files)
        self._unsynced: set[str] = set()
        self._lock = threading.Lock()

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        check_range(start, length)
        with _errors(key), open(self._name(key), "rb") as file:
            file.seek(start)
            return file.read() if length is None else file.read(length)

    def read_range(self, key: str, start: int, length: int) -> bytes:
        if start < 0 or length < 0:
            check_range(start, length)
        try:
            file = self._files.get(self._text_root + check_key(key))
            data = os.pread(file.fd, length, start)
            if len(data) < length:
                data += _read_on(file.fd, start + len(data), length - len(data))
            return data
        except OSError as error:
            raise _reading_failed(key, error) from error

    def announce(self, key: str, start: int, length: int) -> None:
        if hasattr(os, "posix_fadvise"):
            with contextlib.suppress(OSError):
                file = self._files.get(self._text_root + check_key(key))
                os.posix_fadvise(file.fd, start, length, os.POSIX_FADV_WILLNEED)

    def map(self, key: str) -> memoryview:
        with _errors(key), open(self._name(key), "rb") as file:
            if not os.fstat(file.fileno()).st_size:
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def put(self, key: str, source: bytes | Path) -> bool:
        name = self._name(key)
        with storage_errors(f"storing {key}"):
            if isinstance(source, Path):
                temporary = os.fspath(source)
                _fsync_file(temporary)
            else:
                temporary = self._write_temporary(source)
            stored = self._publish(temporary, name)
        with self._lock:
            self._unsynced.add(os.path.dirname(name))
        return stored

    def sync(self) -> None:
        with self._lock:
            folders, self._unsynced = self._unsynced, set()
        with storage_errors("making stored objects durable"):
            for folder in folders:
                fsync_directory(folder)

    def list(self, prefix: str = "") -> Iterator[Stored]:
        folder = prefix.rpartition("/")[0]
        with storage_errors(f"listing {prefix or 'the store'}"):
            yield from (stored for stored in self._walk(folder) if stored.key.startswith(prefix))

    def keys(self, prefix: str) -> Sequence[str]:
        if not prefix.endswith("/"):
            return super().keys(prefix)
        with storage_errors(f"listing {prefix}"):
            try:
                names = os.listdir(self._text_root + prefix)
            except FileNotFoundError:
                return []
        return [prefix + name for name in names if not name.startswith(".")]

    def size(self, key: str) -> int | None:
        with storage_errors(f"looking at {key}"):
            try:
                return os.stat(self._name(key)).st_size
            except (FileNotFoundError, NotADirectoryError):
                return None

    def delete(self, key: str) -> None:
        self._files.forget(self._name(key))
        with storage_errors(f"removing {key}"), contextlib.suppress(FileNotFoundError):
            os.unlink(self._name(key))

    def compare_and_swap(self, key: str, expected: bytes | None, new: bytes | None) -> bool:
        path = self._path(key)
        with storage_errors(f"updating {key}"):
            locks = self.root / ".locks"
            locks.mkdir(parents=True, exist_ok=True)
            with file_lock(locks / key.replace("/", "-"), what=key):
                if self._value(path) != expected:
                    return False
                self._replace(path, new)
        return True

    def move(self, key: str, to: str) -> bool:
        source, target = self._name(key), self._name(to)
        with storage_errors(f"moving {key}"):
            try:
                self._publish(source, target)
            except FileNotFoundError:
                return False
            finally:
                # What was open under either name may be another file's bytes now.
                self._files.forget(source)
                self._files.forget(target)
        with self._lock:
            self._unsynced |= {os.path.dirname(source), os.path.dirname(target)}
        return True

    def touch(self, key: str) -> bool:
        with storage_errors(f"marking {key} as wanted"):
            try:
                os.utime(self._name(key))
            except (FileNotFoundError, NotADirectoryError):
                return False
            except PermissionError:
                # Somebody else's pack in a shared folder: only the quarantine protects it.
                return self.size(key) is not None
        return True

    def close(self) -> None:
        self._files.close()

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _name(self, key: str) -> str:
        return self._text_root + check_key(key)

    def _own_scratch(self) -> Path:
        folder = self.root / ".scratch"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _write_temporary(self, data: bytes) -> str:
        path = f"{self._scratch()}/{os.urandom(8).hex()}"
        write_durably(path, data)
        return path

    def _publish(self, temporary: str, name: str) -> bool:
        try:
            return _link(temporary, name)
        except FileNotFoundError:
            folder = os.path.dirname(name)
            os.makedirs(folder, exist_ok=True)
            self._unsynced_up_to_root(folder)
            return _link(temporary, name)

    def _unsynced_up_to_root(self, folder: str) -> None:
        """A folder that was just made must itself survive: its parents are fsynced too."""
        with self._lock:
            while len(folder) >= len(self._text_root):
                folder = os.path.dirname(folder)
                self._unsynced.add(folder)

    def _walk(self, folder: str) -> Iterator[Stored]:
        base = f"{folder}/" if folder else ""
        try:
            entries = os.scandir(self._text_root + folder)
        except (FileNotFoundError, NotADirectoryError):
            return
        with entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(base + entry.name)
                    continue
                with contextlib.suppress(FileNotFoundError):
                    info = entry.stat()
                    yield Stored(base + entry.name, info.st_size, info.st_mtime)

    def _value(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def _replace(self, path: Path, new: bytes | None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if new is not None:
            write_atomic(path, new, scratch=self._scratch())
            return
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        fsync_directory(path.parent)


@contextlib.contextmanager
def _errors(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _reading_failed(key, error) from error


def _reading_failed(key: str, error: OSError) -> AidbError:
    if isinstance(error, (FileNotFoundError, IsADirectoryError, NotADirectoryError)):
        return no_such_object(key)
    return StorageError.from_os_error(error, f"reading {key}")


def _link(temporary: str, path: str) -> bool:
    """Give `temporary` its name unless that is taken; the temporary name is gone afterwards either way."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        os.unlink(temporary)
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _rename(temporary, path)
    os.unlink(temporary)
    return True


def _rename(temporary: str, path: str) -> bool:
    """Without links: two writers of one name may both win, which is harmless, for equal names are equal bytes."""
    if os.path.exists(path):
        os.unlink(temporary)
        return False
    os.rename(temporary, path)
    return True


def _fsync_file(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _read_on(fd: int, start: int, length: int) -> bytes:
    """What a short `pread` left out: the kernel stops at 2 GiB, at the end, and on a signal."""
    pieces = []
    while length:
        piece = os.pread(fd, length, start)
        if not piece:
            break
        pieces.append(piece)
        start += len(piece)
        length -= len(piece)
    return b"".join(pieces)
