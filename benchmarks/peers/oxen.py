"""Oxen, through its Python package: the one way to install it from a package index."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Command
from benchmarks.peers.base import DRIVERS, Commands, Programs, Tool


class Oxen(Tool):
    """Oxen, one process per step as its command line would be."""

    name = "Oxen"
    note = "one Python process per step (its command line is not on PyPI), defaults; it copies files whole"

    @classmethod
    def version_command(cls, programs: Programs) -> list[str] | None:
        python = programs.python_with("oxen")
        return [python, "-c", "import oxen; print(oxen.__version__)"] if python else None

    def create(self) -> Commands:
        return [self._oxen("create")]

    def save(self, version: str) -> Commands:
        return [self._oxen("save", version)]

    def status(self) -> Commands:
        return [self._oxen("status")]

    def mark(self, version: str) -> Commands:
        return [self._oxen("mark", version)]

    def switch(self, version: str) -> Commands:
        return [self._oxen("switch", version)]

    def restore(self, version: str) -> Commands:
        return [self._oxen("restore", version)]

    def stores(self) -> Sequence[Path]:
        return [self.tree / ".oxen"]

    def _oxen(self, *arguments: str) -> Command:
        python = self._programs.python_with("oxen")
        if python is None:
            raise FileNotFoundError("the peers' environment has no oxen")
        return self._here(python, str(DRIVERS / "drive_oxen.py"), *arguments)
