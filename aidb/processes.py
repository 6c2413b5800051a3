"""Helper processes: bare interpreters that run one of our own scripts beside this process.

Python's threads wait for each other, so work on many small files takes one core however many there are. A helper is
spawned and not forked, so it is safe beside threads, and reads its orders from standard input. It may fail in whatever
way: whoever starts one must be able to do without its answers.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from typing import BinaryIO


class HelperProcess:
    """One process running `script`, with a pipe each way."""

    def __init__(self, script: str, *, inherit: Mapping[int, int] | None = None) -> None:
        """`inherit` maps descriptors of ours to those under which the helper has them. Raises OSError."""
        questions, asking = os.pipe()
        told, answering = os.pipe()
        try:
            self._pid = _spawn(script, {questions: 0, answering: 1, **(inherit or {})})
        except BaseException:
            os.close(told)
            os.close(asking)
            raise
        finally:
            os.close(questions)
            os.close(answering)
        self.running = True
        self.questions: BinaryIO = os.fdopen(asking, "wb")
        self.answers: BinaryIO = os.fdopen(told, "rb")

    @property
    def pid(self) -> int:
        return self._pid

    def stop(self) -> None:
        """End it, whether it has finished or not. Harmless when it was ended already."""
        if not self.running:
            return
        self.running = False
        for pipe in (self.questions, self.answers):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGTERM)
        with contextlib.suppress(ChildProcessError):  # a host program that reaps all children was faster
            os.waitpid(self._pid, 0)


def spare_cores() -> int:
    """How many helpers can work beside this process; 0 where none can be started."""
    return _cores() - 1 if _is_python(sys.executable or "") else 0


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _is_python(executable: str) -> bool:
    """Whether this is a Python, and not a program that Python is part of."""
    return os.path.basename(executable).startswith("python") and not getattr(sys, "frozen", False)


def _spawn(script: str, descriptors: Mapping[int, int]) -> int:
    """Start a helper with these descriptors of ours as those of its own; its complaints go nowhere."""
    moves = [(os.POSIX_SPAWN_DUP2, ours, its) for ours, its in descriptors.items()]
    silent = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
    command = [sys.executable, "-I", "-S", script]
    return os.posix_spawn(sys.executable, command, os.environ, file_actions=[*moves, silent])
