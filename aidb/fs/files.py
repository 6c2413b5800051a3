"""A file of a version, opened through fsspec: buffered, seekable, verified."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aidb.fs.filesystem import AidbFileSystem
    from aidb.store import BlobReader

_BUFFER = 1 << 18


class VersionedFile(io.BufferedReader):
    """What `fs.open(path, "rb")` returns. Pickles as its address, pinned to the commit, and its position."""

    def __init__(self, fs: AidbFileSystem, info: dict[str, Any], pinned: str, raw: BlobReader) -> None:
        """`info` is what `fs.info` says of the file, `pinned` its path by commit id."""
        super().__init__(raw, buffer_size=_BUFFER)
        self.fs = fs
        self.path: str = info["name"]
        self.details = info
        self.size: int = info["size"]
        self.blocksize = fs.blocksize
        self._pinned = pinned

    @property
    def mode(self) -> str:
        return "rb"

    @property
    def full_name(self) -> str:
        """The address, with its protocol."""
        return str(self.fs.unstrip_protocol(self.path))

    def info(self) -> dict[str, Any]:
        """As `fs.info`."""
        return self.details

    def __reduce__(self) -> Any:
        return _reopen, (self.fs, self._pinned, self.tell())


def _reopen(fs: AidbFileSystem, path: str, position: int) -> VersionedFile:
    file: VersionedFile = fs.open(path, "rb")
    file.seek(position)
    return file
