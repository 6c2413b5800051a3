"""Helper processes that look at parts of a large working tree, each saying which folders are exactly as the index says.

The system calls of one thread keep one core busy, and Python's threads wait for each other; so `status` of 100,000
files takes half the time with a second process. A helper is a bare interpreter (`-I -S`, up in some 25 ms), spawned
and not forked, so it is safe beside threads. It only ever says "unchanged". What it does not say, because the folder
is not or because the helper failed in whatever way, the caller finds out itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from bisect import bisect_left
from itertools import accumulate, pairwise

from aidb.versioning.workspace.index.file import Block
from aidb.versioning.workspace.index.index import Index, OpenIndex
from aidb.versioning.workspace.index.rows import rows_on_disk
from aidb.versioning.workspace.tree.folders import Folders

FILES_EACH = 20_000
"""So many files take as long as a helper needs to start."""

MOST = 3
_UNCHANGED = 1


def is_unchanged(place: int, listing: list[str], block: Block, subfolders: list[str]) -> bool:
    """Whether an open folder holds exactly the tracked files, as they were, and the folders that lead to others."""
    names = block.decoded_names
    if (subfolders or listing != names) and listing != sorted(names + subfolders):
        return False
    try:
        return rows_on_disk(names, place) == block.rows
    except (OSError, OverflowError):
        return False


class Helpers:
    """The helpers of one scan; none if the tree is small or there is only one core."""

    def __init__(self, root: str, index: Index | None) -> None:
        """Without an index: no helpers."""
        self._helpers: list[_Helper] = []
        self._unchanged: set[bytes] | None = None
        self._asked: frozenset[bytes] = frozenset()
        if index is not None and index.file is not None and not index.pending and _may_spawn():
            self._start(root, index.file)

    def asked(self, folder: bytes) -> bool:
        """Whether a helper looks at this folder."""
        return folder in self._asked

    def unchanged(self, folder: bytes) -> bool:
        """What the helper found; waits for it."""
        if self._unchanged is None:
            self._unchanged = set()
            for helper in self._helpers:
                self._unchanged.update(helper.answer())
        return folder in self._unchanged

    def close(self) -> None:
        """End those that still run."""
        for helper in self._helpers:
            helper.stop()

    def _start(self, root: str, file: OpenIndex) -> None:
        passed = list(accumulate(place.files for place in file.table.places))
        total = passed[-1] if passed else 0
        count = min(_cores() - 1, MOST, total // FILES_EACH - 1)
        if count < 1:
            return
        # The caller begins at once, helpers have to start first: its share is a little larger.
        shares = [
            (total - FILES_EACH // 2) * number // (count + 1) + FILES_EACH // 2
            for number in range(1, count + 2)
        ]
        cuts = [bisect_left(passed, share) for share in shares[:-1]] + [len(passed)]
        with contextlib.suppress(OSError):
            for first, stop in pairwise(cuts):
                self._helpers.append(_Helper(root, file, first, stop))
        self._asked = frozenset(folder for helper in self._helpers for folder in helper.folders)


class _Helper:
    """One process and the folders it looks at."""

    def __init__(self, root: str, file: OpenIndex, first: int, stop: int) -> None:
        self.folders = file.table.folders[first:stop]
        path = [entry for entry in sys.path if os.path.isabs(entry)]
        code = f"import sys; sys.path[:] = {path!r}; from {__name__} import main; main({root!r}, {first}, {stop})"
        self._pipe, writer = os.pipe()
        try:
            self._pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-I", "-S", "-c", code],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, file.fd, 0),
                    (os.POSIX_SPAWN_DUP2, writer, 1),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                ],
            )
        except BaseException:
            os.close(self._pipe)
            raise
        finally:
            os.close(writer)
        self._running = True

    def answer(self) -> list[bytes]:
        """The folders it found unchanged; none if it failed."""
        flags = bytearray()
        while piece := os.read(self._pipe, 1 << 16):
            flags += piece
        status = self._end()
        if status != 0 or len(flags) != len(self.folders):
            return []
        return [folder for folder, flag in zip(self.folders, flags, strict=True) if flag == _UNCHANGED]

    def stop(self) -> None:
        if self._running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGTERM)
            self._end()

    def _end(self) -> int:
        self._running = False
        os.close(self._pipe)
        try:
            return os.waitpid(self._pid, 0)[1]
        except ChildProcessError:
            return -1  # a host program that reaps all children was faster


def main(root: str, first: int, stop: int) -> None:
    """The helper itself: the index is open as 0, and answers go to 1, a byte per folder."""
    file = OpenIndex(os.dup(0), check=False)
    tree = Index(file).subfolders()
    flags = bytearray()
    with Folders(root) as folders:
        for folder, place in zip(file.table.folders[first:stop], file.table.places[first:stop], strict=True):
            subfolders = [os.fsdecode(name) for name in tree[folder]]
            flags.append(_look(folders, folder, file.read_block(place), subfolders))
    view = memoryview(flags)
    while view:
        view = view[os.write(1, view) :]


def _look(folders: Folders, folder: bytes, block: Block, subfolders: list[str]) -> int:
    try:
        place = folders.open(folder)
        return _UNCHANGED if is_unchanged(place, sorted(os.listdir(place)), block, subfolders) else 0
    except OSError:
        return 0


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _may_spawn() -> bool:
    """Whether `sys.executable` is a Python, and not a program that Python is part of."""
    return os.path.basename(sys.executable or "").startswith("python") and not getattr(sys, "frozen", False)
