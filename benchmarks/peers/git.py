"""Git, set up for many files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from benchmarks.measure import Command
from benchmarks.peers.base import SMALL, Commands, Programs, Tool


class Git(Tool):
    """Git alone. It is left out of the large file, which it would deflate whole."""

    name = "git"
    note = "as it is installed: it fsyncs packs and refs, not loose objects; no gc during the run"
    workloads = frozenset({SMALL})
    settings: ClassVar[dict[str, str]] = {"gc.auto": "0", "maintenance.auto": "false"}

    @classmethod
    def version_command(cls, programs: Programs) -> list[str] | None:
        git = programs.find("git")
        return [git, "--version"] if git else None

    def create(self) -> Commands:
        settings = [self._git("config", key, value) for key, value in self.settings.items()]
        return [self._git("init", "--quiet"), *settings]

    def save(self, version: str) -> Commands:
        return [self._git("add", "data"), self._git("commit", "--quiet", "-m", version)]

    def status(self) -> Commands:
        return [self._git("status")]

    def mark(self, version: str) -> Commands:
        return [self._git("branch", version)]

    def switch(self, version: str) -> Commands:
        return [self._git("switch", "--quiet", version)]

    def restore(self, version: str) -> Commands:
        return [self._git("restore", "data")]

    def stores(self) -> Sequence[Path]:
        return [self.tree / ".git"]

    def _git(self, *arguments: str) -> Command:
        return self._here(self._program("git"), *arguments)


class GitTuned(Git):
    """Git with what its manual advises for many files, and as durable as aidb."""

    name = "git+"
    note = (
        "feature.manyFiles (index v4, untracked cache), core.fsync=committed with fsyncMethod=batch, "
        "checkout.workers=-1, no gc during the run"
    )
    settings: ClassVar[dict[str, str]] = {
        **Git.settings,
        "feature.manyFiles": "true",
        "core.fsync": "committed",
        "core.fsyncMethod": "batch",
        "checkout.workers": "-1",
    }
