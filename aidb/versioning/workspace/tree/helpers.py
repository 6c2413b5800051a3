"""Helper processes that look at parts of a large working tree, each saying which folders are exactly as the index says.

The system calls of one thread keep one core busy, and Python's threads wait for each other; so `status` of 100,000
files takes half the time with a second process. A helper is a bare interpreter (`-I -S`, up in some 10 ms), spawned
and not forked, so it is safe beside threads. It only ever says "unchanged". What it does not say, because the folder
is not or because the helper failed in whatever way, the caller finds out itself.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import signal
import sys
from bisect import bisect_left
from itertools import accumulate, pairwise

from aidb.versioning.workspace.index import glance
from aidb.versioning.workspace.index.index import Index, OpenIndex

FILES_EACH = 20_000
"""Fewer files are looked at faster than help is at hand."""

HEAD_START = 5_000
"""So many files the caller looks at while a helper starts."""

MOST = 3

Tree = dict[bytes, list[bytes]]


class Helpers:
    """The helpers of one scan; none if the tree is small or there is only one core."""

    def __init__(self, root: str, index: Index | None, tree: Tree) -> None:
        """`tree` is that of `Index.subfolders`. Without an index: no helpers."""
        self._helpers: list[_Helper] = []
        self._unchanged: set[bytes] | None = None
        self._asked: frozenset[bytes] = frozenset()
        if index is not None and index.file is not None and not index.pending and _may_spawn():
            self._start(root, index.file, tree)

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

    @property
    def running(self) -> list[_Helper]:
        """Those that have not been waited for."""
        return [helper for helper in self._helpers if helper.running]

    def close(self) -> None:
        """End those that still run."""
        for helper in self.running:
            helper.stop()

    def _start(self, root: str, file: OpenIndex, tree: Tree) -> None:
        passed = list(accumulate(place.files for place in file.table.places))
        total = passed[-1] if passed else 0
        count = min(_cores() - 1, MOST, total // FILES_EACH - 1)
        if count < 1:
            return
        head = min(HEAD_START, total // 10)
        shares = [head + (total - head) * number // (count + 1) for number in range(1, count + 1)]
        cuts = [*(bisect_left(passed, share) for share in shares), len(passed)]
        with contextlib.suppress(OSError):
            for first, stop in pairwise(cuts):
                self._helpers.append(_Helper(root, file, tree, first, stop))
        self._asked = frozenset(folder for helper in self._helpers for folder in helper.folders)


class _Helper:
    """One process and the folders it looks at."""

    def __init__(self, root: str, file: OpenIndex, tree: Tree, first: int, stop: int) -> None:
        self.folders = file.table.folders[first:stop]
        jobs = [
            (folder, [os.fsdecode(name) for name in tree[folder]], place.offset, place.length)
            for folder, place in zip(self.folders, file.table.places[first:stop], strict=True)
        ]
        questions, asking = os.pipe()
        self._answers, answering = os.pipe()
        try:
            self.pid = _spawn({questions: 0, answering: 1, file.fd: glance.INDEX_FD})
        except BaseException:
            os.close(self._answers)
            os.close(asking)
            raise
        finally:
            os.close(questions)
            os.close(answering)
        self.running = True
        with os.fdopen(asking, "wb") as pipe, contextlib.suppress(BrokenPipeError):
            marshal.dump((root, jobs), pipe)

    def answer(self) -> list[bytes]:
        """The folders it found unchanged; none if it failed."""
        flags = bytearray()
        while piece := os.read(self._answers, 1 << 16):
            flags += piece
        status = self._end()
        if status != 0 or len(flags) != len(self.folders):
            return []
        return [folder for folder, flag in zip(self.folders, flags, strict=True) if flag == glance.UNCHANGED]

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        self._end()

    def _end(self) -> int:
        self.running = False
        os.close(self._answers)
        try:
            return os.waitpid(self.pid, 0)[1]
        except ChildProcessError:
            return -1  # a host program that reaps all children was faster


def _spawn(descriptors: dict[int, int]) -> int:
    """Start a helper with these descriptors of ours as those of its own; its complaints go nowhere."""
    moves = [(os.POSIX_SPAWN_DUP2, ours, its) for ours, its in descriptors.items()]
    silent = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
    command = [sys.executable, "-I", "-S", glance.__file__]
    return os.posix_spawn(sys.executable, command, os.environ, file_actions=[*moves, silent])


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _may_spawn() -> bool:
    """Whether `sys.executable` is a Python, and not a program that Python is part of."""
    return os.path.basename(sys.executable or "").startswith("python") and not getattr(sys, "frozen", False)
