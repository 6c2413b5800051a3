"""The gate of a repository: the checks of a version, the hooks of this place. Costs next to nothing without any."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aidb.types import RepoPath
from aidb.versioning.gate import Event, Proposal

if TYPE_CHECKING:
    from aidb.files import Session
    from aidb.store import ObjectStore

FILE_NAME = ".aidbchecks.toml"
FILE_PATH = RepoPath(FILE_NAME.encode())
HOOKS = "hooks"


class Parts(Protocol):
    """What checking needs of a repository."""

    @property
    def root(self) -> Path: ...
    @property
    def folder(self) -> Path: ...
    @property
    def session(self) -> Session: ...
    @property
    def store(self) -> ObjectStore: ...
    @property
    def tell(self) -> Callable[[str], None]: ...


class RepositoryGate:
    """The `Gate` of one repository."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._hooks = f"{parts.folder}/{HOOKS}/"

    def verify(self, proposal: Proposal) -> None:
        """Raise CheckFailedError if a check or the hook `pre-commit` or `pre-merge` refuses."""
        if FILE_PATH in proposal.new:
            from aidb.checks.verify import verify

            verify(self._parts, proposal)
        if self._has(hook := f"pre-{proposal.event}"):
            from aidb.checks.hooks import ask

            ask(self._parts, hook, proposal)

    def message(self, text: str, branch: str | None) -> str:
        """What the hook `commit-msg` makes of a message."""
        if not self._has("commit-msg"):
            return text
        from aidb.checks.hooks import edit_message

        return edit_message(self._parts, text, branch)

    def done(self, event: Event, branch: str | None) -> None:
        """Run the hook `post-commit`, `post-merge` or `post-switch`; it can refuse nothing any more."""
        if self._has(hook := f"post-{event}"):
            from aidb.checks.hooks import announce

            announce(self._parts, hook, branch)

    def _has(self, hook: str) -> bool:
        return os.access(self._hooks + hook, os.X_OK)
