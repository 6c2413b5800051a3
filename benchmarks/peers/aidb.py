"""aidb itself, through its command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Command
from benchmarks.peers.base import ALL, TABLES, Commands, Programs, Tool


class Aidb(Tool):
    """aidb as it is installed beside the Python that measures."""

    name = "aidb"
    note = "defaults; every object is verified as it is read, packs and refs are fsynced"
    workloads = ALL | {TABLES}

    @classmethod
    def version_command(cls, programs: Programs) -> list[str] | None:
        program = _program()
        return [str(program), "--version"] if program.exists() else None

    def create(self) -> Commands:
        return [self._aidb("init")]

    def save(self, version: str) -> Commands:
        return [self._aidb("add", "data"), self._aidb("commit", "-m", version)]

    def status(self) -> Commands:
        return [self._aidb("status")]

    def mark(self, version: str) -> Commands:
        return [self._aidb("branch", version)]

    def switch(self, version: str) -> Commands:
        return [self._aidb("switch", version)]

    def restore(self, version: str) -> Commands:
        return [self._aidb("restore", "data")]

    def stores(self) -> Sequence[Path]:
        return [self.tree / ".aidb"]

    def inside(self, old: str, new: str, key: str) -> Commands:
        return [self._aidb("diff", "--key", key, old, new)]

    def _aidb(self, *arguments: str) -> Command:
        return self._here(str(_program()), *arguments)


def _program() -> Path:
    return Path(sys.executable).with_name("aidb")
