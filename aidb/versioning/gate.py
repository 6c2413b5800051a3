"""What a version has to pass before a branch gets it, as the verbs see it.

A verb knows when a branch is about to move, and when it has. What is then checked, and by which programs, is known
above (`aidb.checks`) and handed in: the verbs ask a `Gate`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from aidb.types import RepoPath
    from aidb.versioning.manifest import Manifest

Event = Literal["commit", "merge", "switch"]
"""A commit (a revert and a transaction are ones, too), a merge (a fast-forward, too), or another branch checked out."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A version that a branch is about to get: `new` in place of `old`.

    `branch` is None when detached. `shows` says whether the working tree holds these paths just as `new` does; None
    where no working tree shows the version.
    """

    event: Event
    branch: str | None
    old: Manifest
    new: Manifest
    message: str = ""
    shows: Callable[[Sequence[RepoPath]], bool] | None = None


class Gate(Protocol):
    """Lets versions pass, or not."""

    def verify(self, proposal: Proposal) -> None:
        """Raise CheckFailedError, with what is wrong, if the branch must not get this version."""

    def message(self, text: str, branch: str | None) -> str:
        """The message to record for `text`. Raises CheckFailedError if it will not do."""

    def done(self, event: Event, branch: str | None) -> None:
        """Tell that something happened. Never raises for what a listener makes of it."""
