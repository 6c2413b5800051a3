"""What a command is given: the output, the repository it is in, and what the environment says.

This is the only place, with `identity` and `editor`, that looks at the environment and the home folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from aidb_cli.output import Output

if TYPE_CHECKING:
    from aidb.config import Config
    from aidb.repository import Repository


class Context:
    """One run of one command."""

    def __init__(
        self, out: Output, environ: Mapping[str, str], after_dashes: tuple[str, ...] | None = None
    ) -> None:
        """`after_dashes` are the words after a `--`, None without one, for commands that ask for them."""
        self.out = out
        self.environ = environ
        self.after_dashes = after_dashes

    @cached_property
    def repo(self) -> Repository:
        """The repository of the current folder. Raises RepositoryNotFoundError."""
        import aidb

        repo = aidb.open(user_config=self.user_config)
        repo.tell = self.out.note
        return repo

    @property
    def user_config(self) -> Path:
        """The person's own settings file, by the XDG rules."""
        base = self.environ.get("XDG_CONFIG_HOME")
        folder = Path(base) if base else Path(os.path.expanduser("~")) / ".config"
        return folder / "aidb" / "config.toml"

    @cached_property
    def config(self) -> Config:
        """The repository's settings with the person's behind them; outside a repository, only the latter."""
        from aidb.config import Config
        from aidb.errors import RepositoryNotFoundError

        try:
            return self.repo.config
        except RepositoryNotFoundError:
            return Config(None, self.user_config)

    def inside(self, path: str) -> str:
        """A path as typed in the current folder, as the library wants it: relative to the repository's root."""
        from aidb_cli.paths import inside

        return inside(str(self.repo.root), path)

    def from_here(self, path: str) -> str:
        """A path relative to the root, as one would type it in the current folder."""
        from aidb_cli.paths import from_here

        return from_here(str(self.repo.root), path)

    def close(self) -> None:
        """Let go of the repository, if it was opened."""
        if "repo" in self.__dict__:
            self.repo.close()
