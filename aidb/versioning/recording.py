"""Writing commits in the name of whoever is at work, with the commit of the code they were made with."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.types import CommitId

if TYPE_CHECKING:
    from aidb.config import Config
    from aidb.versioning.commits import Commit, Person
    from aidb.versioning.engine import Engine
    from aidb.versioning.manifest import Manifest


class Recorder:
    """Looks up person and code once: make a new one for each command or transaction."""

    def __init__(self, root: Path, engine: Engine, config: Config) -> None:
        """`root` is the workspace, which may lie in a working tree of Git."""
        self._root = root
        self._engine = engine
        self._config = config

    @cached_property
    def person(self) -> Person:
        """Who is at work: aidb's settings, then Git's, then the login name."""
        from aidb.versioning.git_engine import GitEngine
        from aidb.versioning.identity import default_person, fallback_person

        engine = self._engine
        git = engine.default_person if isinstance(engine, GitEngine) else fallback_person
        return default_person(self._config, git)

    @cached_property
    def code(self) -> str | None:
        """The commit of the code, where the repository lies beside Git."""
        from aidb.versioning.workspace.beside_git import code_commit

        return code_commit(self._root)

    def record(
        self,
        manifest: Manifest,
        parents: tuple[CommitId, ...],
        message: str,
        author: Person | None = None,
        like: Commit | None = None,
    ) -> Commit:
        """Write a commit object, durably; no ref moves. `like` lends its author and time."""
        made = self._engine.create_commit(
            manifest.root,
            manifest.files,
            manifest.bytes,
            parents,
            message,
            author or (like.author if like else self.person),
            self.code,
            time=like.time if like else None,
            committer=self.person,
        )
        return self._engine.read_commit(made)
