"""Git with git-lfs: Git keeps a pointer for each file, git-lfs the file."""

from __future__ import annotations

from benchmarks.peers.base import ALL, Commands, Programs
from benchmarks.peers.git import Git


class GitLfs(Git):
    """git-lfs on everything in `data`."""

    name = "git-lfs"
    note = "as git, with `git lfs track 'data/**'`"
    workloads = ALL

    @classmethod
    def version_command(cls, programs: Programs) -> list[str] | None:
        lfs = programs.find("git-lfs")
        return [lfs, "version"] if lfs else None

    def create(self) -> Commands:
        setting_up = [
            self._git("lfs", "install", "--local"),
            self._git("lfs", "track", "data/**"),
            self._git("add", ".gitattributes"),
        ]
        return [*super().create(), *setting_up]
