"""One side of a comparison: the content of a file, wherever it is.

Words: a *content* knows its size and can be opened as a stream; `file()` gives it a name on the disk, for libraries
that want one, and `chunks()` the ids of its chunks, by which equal stretches are recognised without reading them.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from aidb.errors import UnreadableContentError
from aidb.files import storage_errors

if TYPE_CHECKING:
    from aidb.store import ObjectStore
    from aidb.types import Blob, ObjectId

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Content(ABC):
    """The bytes of a file."""

    size: int

    @abstractmethod
    def open(self) -> BinaryIO:
        """A new seekable stream."""

    @abstractmethod
    def file(self) -> contextlib.AbstractContextManager[Path]:
        """A file with this content while the block runs; its name has no suffix and is safe everywhere."""

    @abstractmethod
    def chunks(self) -> Iterator[tuple[ObjectId, int]]:
        """The ids and sizes of its chunks, in order."""

    def read(self, most: int) -> bytes:
        """All of it. Raises UnreadableContentError if that is more than `most` bytes."""
        if self.size > most:
            raise UnreadableContentError(f"it has more than {most >> 20} MiB")
        with self.open() as stream:
            return stream.read(most)

    def start(self, length: int) -> bytes:
        """Its first bytes."""
        with self.open() as stream:
            return stream.read(length)


class StoredContent(Content):
    """A blob of the store; every byte is verified on its way out."""

    def __init__(self, store: ObjectStore, blob: Blob, scratch: Callable[[], Path]) -> None:
        """`scratch` gives a folder for temporary files."""
        self.size = blob.size
        self._store, self._blob, self._scratch = store, blob, scratch

    def open(self) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(self._store.open_blob(self._blob), buffer_size=1 << 20))

    @contextlib.contextmanager
    def file(self) -> Iterator[Path]:
        with _temporary(self._scratch()) as path:
            with storage_errors("copying a file to look into it"):
                fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                self._store.copy_blob(self._blob, fd)
            finally:
                os.close(fd)
            yield path

    def chunks(self) -> Iterator[tuple[ObjectId, int]]:
        return self._store.content_chunks(self._blob)


class WorkingFile(Content):
    """A file of the working tree as it is now. Symlinks, pipes and devices are refused."""

    def __init__(self, path: Path, scratch: Callable[[], Path]) -> None:
        """Raises StorageError if it cannot be opened."""
        self._path, self._scratch = path, scratch
        with self.open() as stream:
            self.size = os.fstat(stream.fileno()).st_size

    def open(self) -> BinaryIO:
        with storage_errors("looking into a file"):
            fd = os.open(self._path, _OPEN)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise UnreadableContentError("it is not a regular file")
        return os.fdopen(fd, "rb", buffering=1 << 20)

    @contextlib.contextmanager
    def file(self) -> Iterator[Path]:
        # A link in the scratch folder: the name a person gave may hold what a library takes for a pattern or a URL.
        with _temporary(self._scratch()) as path:
            with storage_errors("linking a file to look into it"):
                path.symlink_to(self._path)
            yield path

    def chunks(self) -> Iterator[tuple[ObjectId, int]]:
        from aidb.store.ingest.stream import cut_stream

        with self.open() as stream:
            yield from cut_stream(cast(io.BufferedReader, stream).readinto)


@contextlib.contextmanager
def _temporary(scratch: Path) -> Iterator[Path]:
    """A name that is free; what gets it is removed in the end."""
    path = scratch / f"inside-{os.urandom(8).hex()}"
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
