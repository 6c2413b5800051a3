"""borg: a backup tool with content-defined chunks in segments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Command
from benchmarks.peers.base import Commands, Programs, Tool


class Borg(Tool):
    """borg without encryption, with its default lz4."""

    name = "borg"
    note = (
        "local repository, encryption none, compression lz4 (its default). Status is a dry run, which only lists; "
        "switch and restore are `extract`, which writes every file"
    )

    @classmethod
    def version_command(cls, programs: Programs) -> list[str] | None:
        borg = programs.find("borg")
        return [borg, "--version"] if borg else None

    def create(self) -> Commands:
        return [self._borg("init", "--encryption", "none")]

    def save(self, version: str) -> Commands:
        return [self._borg("create", f"::{version}", "data")]

    def status(self) -> Commands:
        return [self._borg("create", "--dry-run", "::status", "data")]

    def switch(self, version: str) -> Commands:
        return self.restore(version)

    def restore(self, version: str) -> Commands:
        return [self._borg("extract", f"::{version}")]

    def stores(self) -> Sequence[Path]:
        return [self.store]

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "BORG_REPO": str(self.store),
            "BORG_BASE_DIR": str(self.home),
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
        }

    def _borg(self, *arguments: str) -> Command:
        return self._here(self._program("borg"), *arguments)
