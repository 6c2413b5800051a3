"""DVC on top of Git."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Command
from benchmarks.peers.base import Commands, Programs, Tool

_SETTINGS = {"core.analytics": "false", "core.check_update": "false"}


class Dvc(Tool):
    """DVC with its cache of copies.

    Hard links would save it the copies, and are not used here: an edit in place would then change the stored version
    too, which is why DVC makes such files read-only.
    """

    name = "DVC"
    note = (
        "with Git; analytics and update check off; cache.type as it comes (reflink where the file system has it, "
        "copies otherwise; hard links make the workspace read-only); it neither fsyncs nor verifies what it copies"
    )

    @classmethod
    def version_command(cls, programs: Programs) -> list[str] | None:
        dvc = programs.find("dvc")
        return [dvc, "--version"] if dvc else None

    def create(self) -> Commands:
        settings = [self._dvc("config", key, value) for key, value in _SETTINGS.items()]
        return [
            self._git("init", "--quiet"),
            self._dvc("init", "--quiet"),
            *settings,
            self._git("add", ".dvc"),
            self._git("commit", "--quiet", "-m", "dvc init"),
        ]

    def save(self, version: str) -> Commands:
        return [
            self._dvc("add", "--quiet", "data"),
            self._git("add", "data.dvc", ".gitignore"),
            self._git("commit", "--quiet", "-m", version),
        ]

    def status(self) -> Commands:
        return [self._dvc("status")]

    def mark(self, version: str) -> Commands:
        return [self._git("branch", version)]

    def switch(self, version: str) -> Commands:
        return [self._git("switch", "--quiet", version), self._dvc("checkout", "--quiet")]

    def restore(self, version: str) -> Commands:
        return [self._dvc("checkout", "--quiet")]

    def stores(self) -> Sequence[Path]:
        return [self.tree / ".dvc", self.tree / ".git"]

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "DVC_SITE_CACHE_DIR": str(self.home / "site"),
            "DVC_NO_ANALYTICS": "1",
        }

    def _dvc(self, *arguments: str) -> Command:
        return self._here(self._program("dvc"), *arguments)

    def _git(self, *arguments: str) -> Command:
        return self._here(self._program("git"), *arguments)
