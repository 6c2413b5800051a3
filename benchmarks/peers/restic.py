"""restic: a backup tool with content-defined chunks in packs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Command
from benchmarks.peers.base import Commands, Programs, Tool


class Restic(Tool):
    """restic with a local repository. It always encrypts; nothing turns that off."""

    name = "restic"
    note = (
        "local repository, cache kept, compression auto (its default); it always encrypts. "
        "Status is a dry run; switch and restore are `restore`, which writes every file"
    )

    @classmethod
    def version_command(cls, programs: Programs) -> list[str] | None:
        restic = programs.find("restic")
        return [restic, "version"] if restic else None

    def create(self) -> Commands:
        return [self._restic("init", "--repository-version", "2")]

    def save(self, version: str) -> Commands:
        return [self._restic("backup", "--tag", version, "data")]

    def status(self) -> Commands:
        return [self._restic("backup", "--dry-run", "--verbose", "data")]

    def switch(self, version: str) -> Commands:
        return self.restore(version)

    def restore(self, version: str) -> Commands:
        return [self._restic("restore", "latest", "--tag", version, "--target", ".")]

    def stores(self) -> Sequence[Path]:
        return [self.store]

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "RESTIC_REPOSITORY": str(self.store),
            "RESTIC_PASSWORD": "benchmark",
            "RESTIC_CACHE_DIR": str(self.home / "cache"),
        }

    def _restic(self, *arguments: str) -> Command:
        return self._here(self._program("restic"), *arguments)
