"""Helper processes that glance at parts of a large working tree.

The system calls of one thread keep one core busy, and Python's threads wait for each other; so `status` of 100,000
files takes half the time with a second process, which is up in some 10 ms. It only names what looks changed; what it
does not say, because it failed in whatever way, the caller finds out itself.
"""

from __future__ import annotations

import contextlib
import marshal
import os
from bisect import bisect_left
from itertools import accumulate, pairwise

from aidb.processes import HelperProcess, spare_cores
from aidb.versioning.workspace.index import glance
from aidb.versioning.workspace.index.glance import Glance
from aidb.versioning.workspace.index.index import Index, OpenIndex

FILES_EACH = 20_000
"""Fewer files are looked at faster than help is at hand."""

HEAD_START = 5_000
"""So many files the caller looks at while a helper starts."""

MOST = 3

Tree = dict[bytes, list[bytes]]


class Helpers:
    """The helpers of one scan; none if the tree is small or there is only one core."""

    def __init__(self, root: str, index: Index, tree: Tree, top: bytes = b"") -> None:
        """For the folder `top` and those below; `tree` is that of `Index.subfolders`."""
        self._helpers: list[_Helper] = []
        self._asked: dict[bytes, _Helper] = {}
        if index.file is not None and not index.pending:
            self._start(root, index.file, tree, top)

    def asked(self, folder: bytes) -> bool:
        """Whether a helper looks at this folder."""
        return folder in self._asked

    def glance(self, folder: bytes) -> Glance | None:
        """What a helper saw of a folder, waiting for it; None if it has nothing to tell."""
        helper = self._asked.get(folder)
        return helper.answer(folder) if helper else None

    @property
    def running(self) -> list[HelperProcess]:
        """Those that have not been waited for."""
        return [helper.process for helper in self._helpers if helper.process.running]

    def close(self) -> None:
        """End those that still run."""
        for process in self.running:
            process.stop()

    def _start(self, root: str, file: OpenIndex, tree: Tree, top: bytes) -> None:
        first, stop = _span(file.table.folders, top)
        passed = list(accumulate(place.files for place in file.table.places[first:stop]))
        total = passed[-1] if passed else 0
        count = min(spare_cores(), MOST, total // FILES_EACH - 1)
        if count < 1:
            return
        head = min(HEAD_START, total // 10)
        shares = [head + (total - head) * number // (count + 1) for number in range(1, count + 1)]
        cuts = [*(first + bisect_left(passed, share) for share in shares), stop]
        with contextlib.suppress(OSError):
            for begin, end in pairwise(cuts):
                self._helpers.append(_Helper(root, file, tree, begin, end))
        self._asked = {folder: helper for helper in self._helpers for folder in helper.folders}


def _span(folders: list[bytes], top: bytes) -> tuple[int, int]:
    """Which of the sorted `folders` lie below `top`."""
    return (bisect_left(folders, top + b"/"), bisect_left(folders, top + b"0")) if top else (0, len(folders))


class _Helper:
    """One process and the folders it looks at."""

    def __init__(self, root: str, file: OpenIndex, tree: Tree, first: int, stop: int) -> None:
        self.folders = file.table.folders[first:stop]
        jobs = [
            (folder, [os.fsdecode(name) for name in tree[folder]], place.offset, place.length)
            for folder, place in zip(self.folders, file.table.places[first:stop], strict=True)
        ]
        self.process = HelperProcess(glance.__file__, inherit={file.fd: glance.INDEX_FD})
        self._ahead = iter(self.folders)
        self._known: dict[bytes, Glance | None] = {}
        with contextlib.suppress(BrokenPipeError), self.process.questions as pipe:
            marshal.dump((root, jobs), pipe)

    def answer(self, folder: bytes) -> Glance | None:
        """What it saw of one of its folders; asked once for each. None if it failed."""
        while folder not in self._known and self.process.running:
            try:
                self._known[next(self._ahead)] = marshal.load(self.process.answers)
            except (EOFError, ValueError, TypeError, StopIteration):
                self.process.stop()
        return self._known.pop(folder, None)
