"""The limits: what the same bytes cost without any version control."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Command
from benchmarks.peers.base import CHECKPOINTS, DRIVERS, LARGE, SMALL, Commands, Programs, Tool


class PlainPython(Tool):
    """A short Python loop over the small files, one thread, no safety and no versions."""

    name = "Python"
    note = (
        "a plain loop: save = read, BLAKE3, append to one file, fsync; status = scandir and lstat; "
        "restore = read that file, write each file to a temporary name and rename it"
    )
    workloads = frozenset({SMALL})

    @classmethod
    def version_command(cls, programs: Programs) -> list[str] | None:
        return [sys.executable, "--version"]

    def create(self) -> Commands:
        return [Command(("mkdir", "-p", str(self.store)), self.place)]

    def save(self, version: str) -> Commands:
        return [self._plain("save")]

    def status(self) -> Commands:
        return [self._plain("status")]

    def switch(self, version: str) -> Commands:
        return []

    def restore(self, version: str) -> Commands:
        return [self._plain("restore")]

    def stores(self) -> Sequence[Path]:
        return [self.store]

    def _plain(self, verb: str) -> Command:
        return self._here(sys.executable, str(DRIVERS / "plain_loop.py"), verb, "data", str(self.store))


class PlainCopy(Tool):
    """`cp`, and `sync` after it: the limit for large files."""

    name = "cp"
    note = "save = `cp` and `sync -f`; restore = `cp`"
    workloads = frozenset({LARGE, CHECKPOINTS})

    @classmethod
    def version_command(cls, programs: Programs) -> list[str] | None:
        cp = programs.find("cp")
        return [cp, "--version"] if cp else None

    def create(self) -> Commands:
        return [Command(("mkdir", "-p", str(self.store)), self.place)]

    def save(self, version: str) -> Commands:
        return [self._here("cp", "-ru", "data", str(self.store)), self._here("sync", "-f", str(self.store))]

    def status(self) -> Commands:
        return []

    def switch(self, version: str) -> Commands:
        return []

    def restore(self, version: str) -> Commands:
        return [self._here("cp", "-r", str(self.store / "data"), ".")]

    def stores(self) -> Sequence[Path]:
        return [self.store]
