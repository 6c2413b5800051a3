"""The index of one workspace: what is staged, and a row per tracked file by which an unchanged one is recognised.

The index tracks exactly the paths of the staged manifest. It is a cache of what the manifest and the disk say, plus
the `State`, which exists nowhere else; so a lost index costs a look at every file and what was staged, never data.
"""

from __future__ import annotations

import contextlib
import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from aidb.files import start_writing, storage_errors
from aidb.versioning.workspace.index.file import Block, IndexFile, IndexWriter, Place, Table
from aidb.versioning.workspace.index.state import State
from aidb.versioning.workspace.tree.folders import join, parents, split

_NO_BLOCK = Block(b"", b"")
_RECENT = 8
"""How many decoded blocks are kept, for questions about one path after another."""


class OpenIndex(IndexFile):
    """An index file that closes itself; several `Index` objects may share one."""

    def __del__(self) -> None:
        os.close(self.fd)


def open_index(path: Path, known: OpenIndex | None = None) -> OpenIndex | None:
    """The index file at `path`, `known` if that is still the one, None if there is none yet."""
    try:
        if known is not None and _same_file(os.stat(path), known.identity):
            return known
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        with storage_errors("reading the workspace index"):
            raise
    try:
        return OpenIndex.read(fd)
    except BaseException:
        os.close(fd)
        raise


class Index:
    """A view of an index file with changes on top, until they are saved."""

    def __init__(self, file: OpenIndex | None) -> None:
        self.file = file
        self.state = file.state if file else State()
        self.noted = self.state
        """The state that the operation log knows of."""
        self.notes: list[str] = []
        self._places: dict[bytes, Place] = {}
        self._updates: dict[bytes, dict[bytes, bytes | None]] = {}
        self._sorted: list[bytes] | None = None
        self._recent: dict[bytes, Block] = {}
        self._show(file)

    @property
    def changed(self) -> bool:
        """Whether there is anything to save."""
        return bool(self._updates) or self.state != (self.file.state if self.file else None)

    @property
    def pending(self) -> int:
        """How many rows are set and not yet saved."""
        return sum(map(len, self._updates.values()))

    def folders(self) -> list[bytes]:
        """Folders that have tracked files directly in them, in byte order."""
        if self._sorted is None:
            self._sorted = sorted(self._places.keys() | self._updates.keys())
        return self._sorted

    def folders_below(self, folder: bytes) -> list[bytes]:
        """`folder` itself and the folders below it, of those that have tracked files directly in them."""
        known = self.folders()
        if not folder:
            return known
        here = [folder] if folder in self._places or folder in self._updates else []
        below = known[
            bisect_left(known, folder + b"/") : bisect_left(known, folder + b"0")
        ]  # "0" follows "/"
        return here + below

    def subfolders(self) -> dict[bytes, list[bytes]]:
        """For each folder that has tracked files anywhere below: the names of such folders directly in it."""
        tree: dict[bytes, list[bytes]] = {b"": []}
        for folder in self.folders():
            if folder:
                for path in (*parents(folder), folder):
                    if path not in tree:
                        tree[path] = []
                        parent, name = split(path)
                        tree[parent].append(name)
        return tree

    def block(self, folder: bytes) -> Block:
        """The tracked files of a folder, as they are now."""
        block = self._saved_block(folder)
        updates = self._updates.get(folder)
        return block.changed(updates) if updates else block

    def row(self, path: bytes) -> bytes | None:
        """The row of a path, None if it is not tracked."""
        folder, name = split(path)
        updates = self._updates.get(folder)
        if updates is not None and name in updates:
            return updates[name]
        return self._saved_block(folder).row(name)

    def __contains__(self, path: bytes) -> bool:
        return self.row(path) is not None

    def is_folder(self, path: bytes) -> bool:
        """Whether tracked files lie below `path`."""
        return any(len(self.block(folder)) for folder in self.folders_below(path))

    def tracked_below(self, folder: bytes) -> Iterator[bytes]:
        """The tracked paths below `folder` (b"" for all), folder by folder."""
        for place in self.folders_below(folder):
            for name in self.block(place).names:
                yield join(place, name)

    def set(self, path: bytes, row: bytes) -> None:
        """Track a path, or give it another row."""
        folder, name = split(path)
        self.set_in(folder, {name: row})

    def set_in(self, folder: bytes, rows: Mapping[bytes, bytes | None]) -> None:
        """The same for names in a folder; None is for `remove`."""
        updates = self._updates.get(folder)
        if updates is None:
            updates = self._updates[folder] = {}
            self._sorted = None
        updates.update(rows)

    def remove(self, path: bytes) -> None:
        """Track a path no more."""
        folder, name = split(path)
        self.set_in(folder, {name: None})

    def clear(self) -> None:
        """Track nothing, keeping the state."""
        self.file = None
        self._places = {}
        self._updates = {}
        self._sorted = None
        self._recent.clear()

    def save(
        self, path: Path, *, scratch: Path, durable: bool, first: Callable[[], None] = lambda: None
    ) -> None:
        """Replace the file. `durable`: survive a power cut, for a state that exists nowhere else.

        `first` makes durable what the state names; the disk may begin with both.
        """
        temporary = f"{scratch}/index-{os.urandom(6).hex()}"
        with storage_errors("writing the workspace index"):
            fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                table = self._write(IndexWriter(fd))
                if durable:
                    start_writing(fd)
                first()
                if durable:
                    os.fsync(fd)
                os.replace(temporary, path)
            except BaseException:
                os.close(fd)
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
                raise
            self.file = OpenIndex(fd, table, self.state)
        self._updates = {}
        self._sorted = None
        self._show(self.file)

    def _show(self, file: OpenIndex | None) -> None:
        self._recent.clear()
        if file is not None:
            self._places = dict(zip(file.table.folders, file.table.places, strict=True))

    def _saved_block(self, folder: bytes) -> Block:
        place = self._places.get(folder)
        if place is None or self.file is None:
            return _NO_BLOCK
        block = self._recent.get(folder)
        if block is None:
            if len(self._recent) >= _RECENT:
                self._recent.pop(next(iter(self._recent)))
            block = self._recent[folder] = self.file.read_block(place)
        return block

    def _write(self, writer: IndexWriter) -> Table:
        for folder in self.folders():
            if folder in self._updates:
                block = self.block(folder)
                if len(block):
                    writer.add(folder, block)
            elif self.file is not None:
                place = self._places[folder]
                raw = self.file.read_raw(place.offset, place.length)
                writer.add_raw(folder, raw, place.checksum, place.files)
        return writer.finish(self.state)


def _same_file(a: os.stat_result, b: os.stat_result) -> bool:
    return (a.st_ino, a.st_dev, a.st_size, a.st_mtime_ns) == (b.st_ino, b.st_dev, b.st_size, b.st_mtime_ns)
