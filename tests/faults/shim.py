"""Compiles shim.c and speaks its language: which fault, at which step, and the log of steps that it writes.

The shim needs Linux and a C compiler; `why_not()` says what is missing, for tests to skip with.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

SOURCE = Path(__file__).with_name("shim.c")

Mode = Literal[
    "off",
    "count",
    "kill",
    "torn",
    "full",
    "full-once",
    "broken",
    "broken-once",
    "count-reads",
    "unreadable",
    "unreadable-once",
]

MAKES = {"open", "mkdir", "mknod", "symlink", "link", "fallocate"}
WRITES = {"write", "pwrite", "writev", "pwritev", "copy_file_range", "sendfile", "splice"}


class Fault(NamedTuple):
    """What happens at step `step` (counted from 1) of a command.

    kill: SIGKILL before it · torn: half of a write, then SIGKILL · full: from here on nothing can be written (the first
    write still takes half) · full-once · broken: from here on every change fails with EIO · broken-once ·
    unreadable: reads fail with EIO from read `step` on · unreadable-once. The others only count.
    """

    mode: Mode
    step: int = 0

    def __str__(self) -> str:
        return f"{self.mode}:{self.step}"


class Step(NamedTuple):
    """One line of the log: the call and the paths it names. `size` is that of a write."""

    number: int
    call: str
    path: str
    other: str
    size: int

    @property
    def needs_room(self) -> bool:
        """Whether a full disk refuses it."""
        return self.call in MAKES or self.call in WRITES

    @property
    def divisible(self) -> bool:
        """Whether it can be torn in the middle."""
        return self.call in WRITES and self.size > 1

    def __str__(self) -> str:
        return f"step {self.number}: {self.call} {self.path} {self.other}".rstrip()


def why_not() -> str | None:
    """The reason why there can be no shim here, or None."""
    if platform.system() != "Linux":
        return "the fault shim preloads a Linux library"
    return None if _compiler() else "the fault shim needs a C compiler (cc or gcc)"


def _compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc")


@cache
def library() -> Path:
    """The compiled shim; compiled once per version of its source and kept in the folder for temporary files."""
    name = f"aidb-fault-shim-{os.getuid()}-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]}.so"
    built = Path(tempfile.gettempdir()) / name
    if not built.exists():
        compiler = _compiler()
        assert compiler is not None, why_not()
        unfinished = built.with_suffix(f".{os.getpid()}")
        flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Wno-nonnull-compare"]
        subprocess.run([compiler, *flags, "-o", unfinished, SOURCE], check=True)
        unfinished.rename(built)
    return built


def environment(root: Path, fault: Fault, log: Path) -> dict[str, str]:
    """What to add to the environment of a process to put it under the shim."""
    return {
        "LD_PRELOAD": str(library()),
        "AIDB_FAULT": str(fault),
        "AIDB_FAULT_ROOT": str(root),
        "AIDB_FAULT_LOG": str(log),
    }


def read_log(log: Path) -> list[Step]:
    """The steps in the order of their numbers."""
    lines = os.fsdecode(log.read_bytes()).splitlines() if log.exists() else []
    return sorted(_step(line) for line in lines)


def _step(line: str) -> Step:
    number, call, path, other, size = line.split("\t")
    return Step(int(number), call, _unescape(path), _unescape(other), int(size))


def _unescape(text: str) -> str:
    return re.sub("%([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), text)
