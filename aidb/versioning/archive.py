"""One file of a whole version, or a part of it, for those who do not have aidb: tar or zip.

The same version gives the same bytes (with the same versions of Python and the compressor): files in the order of
their paths, nobody's name, the time of the commit. Content is verified on its way and streamed; symlinks and
executable bits are kept. Names are raw bytes in tar; zip holds UTF-8 names only.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple, cast, get_args

from aidb.errors import (
    DamagedObjectError,
    InvalidInputError,
    InvalidPathError,
    PathNotFoundError,
    WouldOverwriteError,
)
from aidb.files import storage_errors
from aidb.progress import SILENT, Progress
from aidb.types import Entry, Kind, RepoPath, decode_path, repo_path, show_path
from aidb.versioning.manifest import Manifest

if TYPE_CHECKING:
    from aidb.progress import Task
    from aidb.store import ObjectStore
    from aidb.versioning.commits import Commit

Format = Literal["tar.zst", "tar.gz", "tar", "zip"]
FORMATS: tuple[Format, ...] = get_args(Format)

_SAY_FORMAT = f"Let its name end in {', '.join(f'.{known}' for known in FORMATS)}, or say --format."

_MODES = {Kind.FILE: 0o644, Kind.EXECUTABLE: 0o755, Kind.SYMLINK: 0o777}
_TYPES = {Kind.FILE: stat.S_IFREG, Kind.EXECUTABLE: stat.S_IFREG, Kind.SYMLINK: stat.S_IFLNK}
_EARLIEST_ZIP = (1980, 1, 1, 0, 0, 0)
_ZIP64_FROM = 1 << 31
_LEVEL = 6
_ZSTD_LEVEL = 3
_PIECE = 1 << 20
_BATCH_BYTES = 8 << 20
_OVERHEAD = 1024
"""What a small file costs in memory besides its content, generously."""


class Member(NamedTuple):
    """A file of the archive, under the name it has there."""

    name: bytes
    entry: Entry


def archive(
    commit: Commit,
    store: ObjectStore,
    path: bytes,
    target: str | os.PathLike[str] | BinaryIO,
    *,
    format: Format | None = None,  # noqa: A002 - Git's word
    prefix: bytes = b"",
    force: bool = False,
    progress: Progress = SILENT,
) -> int:
    """Write what is at or below `path` in a version; return how many files that is.

    A file gets its name once it is whole. Raises WouldOverwriteError, PathNotFoundError, InvalidInputError, and
    DamagedObjectError before anything wrong is written.
    """
    if prefix:
        repo_path(prefix + b"name")  # an archive must not write outside of where it is unpacked
    manifest = Manifest(store, commit.root)
    files = members(manifest, path, prefix)
    task = progress.task("Archiving", manifest.totals(path).files)
    try:
        if not isinstance(target, (str, os.PathLike)):
            if format is None:
                raise InvalidInputError("what is written to a stream needs a format", hints=(_SAY_FORMAT,))
            return write_archive(files, commit, store, target, format, task)
        place = Path(target)
        chosen = format or format_of(place.name)
        if not force and os.path.lexists(place):
            raise WouldOverwriteError(
                f"{show_path(str(place))} is there already",
                paths=(show_path(str(place)),),
                hints=("Choose another name, or replace it with --force.",),
            )
        with storage_errors(f"writing {show_path(place.name)}"), _new_file(place) as out:
            return write_archive(files, commit, store, out, chosen, task)
    finally:
        task.close()


@contextlib.contextmanager
def _new_file(place: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name when the block ends well, and not at all otherwise."""
    temporary = place.with_name(f".{os.urandom(6).hex()}.partial")
    try:
        with open(temporary, "xb") as out:
            yield out
        os.replace(temporary, place)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise


def format_of(name: str) -> Format:
    """The format that a file name asks for. Raises InvalidInputError."""
    for known in FORMATS:
        if name.endswith(f".{known}"):
            return known
    if name.endswith(".tgz"):
        return "tar.gz"
    raise InvalidInputError(
        f"{show_path(name)!r} does not say what kind of archive it is to be",
        hints=(_SAY_FORMAT,),
    )


def members(manifest: Manifest, path: bytes, prefix: bytes = b"") -> Iterator[Member]:
    """The files at or below `path`, named from there, with `prefix` before each name. Raises PathNotFoundError."""
    found = False
    skip = len(path) + 1 if path else 0
    for full, entry in manifest.items(path):
        found = True
        name = full[skip:] or full.rpartition(b"/")[2]
        yield Member(prefix + name, entry)
    if path and not found:
        raise PathNotFoundError(
            f"{show_path(path)} is not in that version", hints=("`aidb ls -r REV:` lists what is there.",)
        )


def write_archive(
    files: Iterable[Member],
    commit: Commit,
    store: ObjectStore,
    out: BinaryIO,
    format: Format,  # noqa: A002 - Git's word
    task: Task,
) -> int:
    """Write an archive to a stream; return how many files it holds."""
    count = 0
    with _WRITERS[format](out, commit) as writer:
        for member, content in _contents(files, store):
            with content:
                writer.add(member, content)
            task.advance()
            count += 1
    return count


def _contents(files: Iterable[Member], store: ObjectStore) -> Iterator[tuple[Member, BinaryIO]]:
    """Members in order with their content; small ones are read many at once, as they lie together on disk."""
    for small, group in groupby(files, lambda member: member.entry.recipe is None):
        if not small:
            for member in group:
                raw = store.open_blob(member.entry.content)
                yield member, cast(BinaryIO, io.BufferedReader(raw, _PIECE))
            continue
        for batch in _batches(group):
            data = {at: bytes(found) for at, found in store.read_chunks([m.entry.blob for m in batch])}
            for at, member in enumerate(batch):
                if len(data[at]) != member.entry.size:
                    raise DamagedObjectError(
                        f"{show_path(member.name)} is not of the size that its version says"
                    )
                yield member, io.BytesIO(data[at])


def _batches(group: Iterable[Member]) -> Iterator[list[Member]]:
    batch: list[Member] = []
    size = 0
    for member in group:
        if batch and size + member.entry.size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(member)
        size += member.entry.size + _OVERHEAD
    if batch:
        yield batch


class _Sink:
    """Where an archive is written to: forward only, so that a file and a pipe get the same bytes.

    Cut off when it fails: on their way out, `tarfile` and `zipfile` would make half an archive look like a whole one.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._written = 0
        self.is_cut = False

    def write(self, data: bytes) -> int:
        if not self.is_cut:
            self._out.write(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        pass


class _Tar:
    def __init__(self, out: BinaryIO, commit: Commit) -> None:
        self._time = int(commit.commit_time.timestamp())
        self._sink = _Sink(out)
        self._tar = tarfile.TarFile(
            fileobj=cast(BinaryIO, self._sink),
            mode="w",
            format=tarfile.GNU_FORMAT,
            encoding="utf-8",
            errors="surrogateescape",
        )

    def __enter__(self) -> _Tar:
        return self

    def __exit__(self, kind: object, *exc: object) -> None:
        self._sink.is_cut = kind is not None
        self._tar.close()

    def add(self, member: Member, content: BinaryIO) -> None:
        entry = member.entry
        info = tarfile.TarInfo(decode_path(RepoPath(member.name)))
        info.mode, info.mtime = _MODES[entry.kind], self._time
        if entry.kind is Kind.SYMLINK:
            info.type = tarfile.SYMTYPE
            info.linkname = decode_path(RepoPath(content.read()))
            self._tar.addfile(info)
        else:
            info.size = entry.size
            self._tar.addfile(info, content)


class _Zip:
    def __init__(self, out: BinaryIO, commit: Commit) -> None:
        at = commit.commit_time.astimezone(UTC)
        self._time = max(_EARLIEST_ZIP, (at.year, at.month, at.day, at.hour, at.minute, at.second))
        self._sink = _Sink(out)
        self._zip = zipfile.ZipFile(
            cast(BinaryIO, self._sink), "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL
        )

    def __enter__(self) -> _Zip:
        return self

    def __exit__(self, kind: object, *exc: object) -> None:
        self._sink.is_cut = kind is not None
        self._zip.close()

    def add(self, member: Member, content: BinaryIO) -> None:
        entry = member.entry
        info = zipfile.ZipInfo(_utf8(member.name), self._time)
        info.create_system = 3  # Unix: the mode below counts
        info.external_attr = (_TYPES[entry.kind] | _MODES[entry.kind]) << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        info.file_size = entry.size
        with self._zip.open(info, "w", force_zip64=entry.size >= _ZIP64_FROM) as target:
            while piece := content.read(_PIECE):
                target.write(piece)


def _utf8(name: bytes) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidPathError(
            f"{show_path(name)} is not UTF-8, and zip could not give that name back",
            hints=("Write a .tar, .tar.gz or .tar.zst: they hold any name.",),
        ) from None


@contextlib.contextmanager
def _gzipped(out: BinaryIO, commit: Commit) -> Iterator[_Tar]:
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=out, mtime=0) as packed,
        _Tar(cast(BinaryIO, packed), commit) as tar,
    ):
        yield tar


@contextlib.contextmanager
def _zstandard(out: BinaryIO, commit: Commit) -> Iterator[_Tar]:
    from zstandard import ZstdCompressor

    with (
        ZstdCompressor(level=_ZSTD_LEVEL).stream_writer(out, closefd=False) as packed,
        _Tar(cast(BinaryIO, packed), commit) as tar,
    ):
        yield tar


_WRITERS: dict[Format, Callable[[BinaryIO, Commit], AbstractContextManager[_Tar | _Zip]]] = {
    "tar": _Tar,
    "zip": _Zip,
    "tar.gz": _gzipped,
    "tar.zst": _zstandard,
}
