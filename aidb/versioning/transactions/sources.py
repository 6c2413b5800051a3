"""Where the content of a file comes from: bytes, a stream, pieces that are made one by one, or the disk."""

from __future__ import annotations

import io
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from aidb.errors import InvalidInputError, PathNotFoundError, StorageError
from aidb.files import storage_errors
from aidb.progress import SILENT, Progress
from aidb.store import Source, StoreWriter
from aidb.types import Blob, Entry, Kind, show_path
from aidb.versioning.series import is_checkpoint
from aidb.versioning.workspace.adding import ATTEMPTS, RETRY_SECONDS, kept_changing
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.rows import kind_of
from aidb.versioning.workspace.tree.scan import FolderScan, Scanner

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Content = bytes | bytearray | memoryview | BinaryIO | Iterable[bytes]


def store_content(writer: StoreWriter, content: Content, name: str, base: Blob | None) -> Blob:
    """Store bytes, a binary stream to its end, or the pieces an iterator gives. Memory is bounded.

    `base` is what it grew out of, if that is known.
    """
    if isinstance(content, (bytes, bytearray, memoryview)):
        return writer.put_blob(bytes(content), name_hint=name, base=base)
    stream = content if hasattr(content, "read") else _Pieces(content)
    return writer.put_blob(cast(BinaryIO, stream), name_hint=name, base=base)


class _Pieces(io.RawIOBase):
    """An iterator of bytes as a stream."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__()
        if not isinstance(pieces, Iterable):
            raise InvalidInputError(
                f"a file's content cannot be made of {type(pieces).__name__}",
                hints=("Give a path, bytes, a binary file or an iterator of bytes.",),
            )
        self._pieces = iter(pieces)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            if not isinstance(piece, (bytes, bytearray, memoryview)):
                raise InvalidInputError(
                    f"an iterator of bytes gave {type(piece).__name__}",
                    hints=("Encode text first, for example with line.encode().",),
                )
            self._left = memoryview(piece).cast("B")
        target = memoryview(buffer).cast("B")
        taken = self._left[: len(target)]
        target[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)


def store_from_disk(
    writer: StoreWriter,
    place: str | os.PathLike[str],
    base_of: Callable[[bytes], Blob | None],
    *,
    progress: Progress = SILENT,
) -> Iterator[tuple[bytes, Entry]]:
    """Store a file, or a folder with everything below; gives path and entry of each, b"" for the file itself.

    `base_of` tells what a checkpoint at such a path grew out of, if that is known.

    What a folder holds is what `add` would take of it: not what its `.aidbignore` leaves out, links as links. A link
    given itself is followed. Raises PathNotFoundError, StorageError, InvalidInputError for what cannot be stored.
    """
    top = Path(os.path.realpath(place))
    with storage_errors(f"reading {show_path(os.fspath(place))}"):
        try:
            info = os.stat(top)
        except (FileNotFoundError, NotADirectoryError):
            raise PathNotFoundError(f"there is no file or folder {show_path(os.fspath(place))}") from None
    task = progress.task("Storing")
    try:
        found = (
            _folder(writer, top, base_of)
            if stat.S_ISDIR(info.st_mode)
            else _files(writer, [_source(os.fsencode(top), b"", None, base_of)])
        )
        for item in found:
            task.advance()
            yield item
    finally:
        task.close()


def _folder(
    writer: StoreWriter, top: Path, base_of: Callable[[bytes], Blob | None]
) -> Iterator[tuple[bytes, Entry]]:
    links: list[bytes] = []
    with Scanner(top, Index(None)) as scanner:
        yield from _files(writer, _sources(os.fsencode(top) + b"/", scanner.scan(), links, base_of))
    for path in links:
        with storage_errors(f"reading the symlink {show_path(path)}"):
            target = os.readlink(os.fsencode(top) + b"/" + path)
        blob = writer.put_blob(target)
        yield path, Entry(Kind.SYMLINK, blob.size, blob.id, None)


def _source(
    place: bytes, key: bytes, seen: os.stat_result | None, base_of: Callable[[bytes], Blob | None]
) -> Source:
    return Source(place, key, seen, partial(base_of, key) if is_checkpoint(place) else None)


def _sources(
    top: bytes,
    reports: Iterable[FolderScan],
    links: list[bytes],
    base_of: Callable[[bytes], Blob | None],
) -> Iterator[Source]:
    """The files of a folder; its symlinks are put aside, for they are not opened."""
    for report in reports:
        for path, why in report.skipped:
            raise InvalidInputError(
                f"{show_path(path)} cannot be stored: it is a {why.removeprefix('a ')}",
                hints=("List it in an .aidbignore file of the folder to leave it out.",),
            )
        for path, error in report.unreadable:
            raise StorageError.from_os_error(error, f"reading {show_path(path)}")
        for found in report.untracked:
            if found.is_link:
                links.append(found.path)
            else:
                yield _source(top + found.path, found.path, found.stat, base_of)


def _files(writer: StoreWriter, sources: Iterable[Source]) -> Iterator[tuple[bytes, Entry]]:
    """Store files; those that change while they are read get a few more chances."""
    for attempt in range(1, ATTEMPTS + 1):
        paths: dict[bytes, bytes] = {}
        again: list[Source] = []
        for item in writer.ingest(_noted(sources, paths)):
            place = paths.pop(item.key)
            if item.error is not None:
                raise item.error
            if item.changed_while_read:
                again.append(Source(place, item.key))
            elif item.blob is not None and item.stat is not None:
                blob = item.blob
                yield (
                    item.key,
                    Entry(kind_of(item.stat.st_mode) or Kind.FILE, blob.size, blob.id, blob.recipe),
                )
        if not again:
            return
        sources = again
        time.sleep(RETRY_SECONDS * attempt)
    raise kept_changing(again[0].path)


def _noted(sources: Iterable[Source], paths: dict[bytes, bytes]) -> Iterator[Source]:
    """The sources, each with its place on disk noted until its result comes."""
    for source in sources:
        paths[source.key] = source.path
        yield source
