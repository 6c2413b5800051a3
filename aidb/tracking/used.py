"""Data that a run reads, and the exact version that this was."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from aidb.errors import PathNotFoundError
from aidb.tracking.journal.events import Used
from aidb.types import Entry, decode_path, folder_path, show_path

if TYPE_CHECKING:
    from aidb.snapshot import Item, Snapshot
    from aidb.tracking.run import Run


class Data:
    """A folder (or file) of one commit. Paths are relative to it, so code does not mind where the data lies."""

    def __init__(self, snapshot: Snapshot, path: str) -> None:
        self.snapshot = snapshot
        """The whole version: what `aidb.data` and other functions take, together with `path`."""
        self.path = path

    @property
    def commit(self) -> str:
        return self.snapshot.commit.id

    def ls(self, folder: str = "") -> list[Item]:
        """What lies directly in `folder`. Paths of the items are those of the whole version."""
        return self.snapshot.ls(self._inside(folder))

    def walk(self, folder: str = "") -> Iterator[tuple[str, Entry]]:
        """Every file at or below `folder`, with its path relative to this data."""
        cut = len(self.path) + 1 if self.path else 0
        return ((path[cut:], entry) for path, entry in self.snapshot.walk(self._inside(folder)))

    def open(self, path: str = "") -> BinaryIO:
        """A file as a seekable, verified binary stream; without a path, the data is the file."""
        return self.snapshot.open(self._inside(path))

    def read(self, path: str = "") -> bytes:
        """The whole content of a file."""
        return self.snapshot.read(self._inside(path))

    def __iter__(self) -> Iterator[str]:
        return (path for path, _ in self.walk())

    def __len__(self) -> int:
        return self.snapshot.totals(self.path).files

    def _inside(self, path: str) -> str:
        return f"{self.path}/{path}" if self.path and path else self.path or path

    def __repr__(self) -> str:
        return f"<Data {self.commit[:10]}:{self.path} {len(self):,} files>"


def use(run: Run, address: str) -> Data:
    """`REVISION:PATH`, or a revision: see `Run.use`."""
    revision, _, path = address.partition(":")
    where = decode_path(folder_path(path.rstrip("/")))
    snapshot = run.repo.at(revision or "HEAD")
    if where and not snapshot.totals(where).files:
        raise PathNotFoundError(
            f"{show_path(where)} is not in {revision or 'HEAD'}",
            hints=(f"`aidb ls {revision}:` lists what is there.",),
        )
    run.keep_commit(snapshot.commit.id)
    run.record(Used(time=time.time(), asked=address, commit=snapshot.commit.id, path=where))
    return Data(snapshot, where)
