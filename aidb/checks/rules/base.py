"""What every rule is: something to ask of a changed file, or of the whole version. `str` tells it in a few words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from aidb.checks.candidate import Candidate
    from aidb.checks.report import Problem
    from aidb.checks.selection import Selection
    from aidb.types import Entry, RepoPath


class FileRule(Protocol):
    """Asked of each file that changed and is there."""

    def problems(self, candidate: Candidate, path: RepoPath, entry: Entry) -> Iterator[Problem]:
        """What is wrong with it."""


class VersionRule(Protocol):
    """Asked once of the whole version."""

    def problems(self, candidate: Candidate, selection: Selection, *, touched: bool) -> Iterator[Problem]:
        """What is wrong with it; `touched` tells whether anything that the check is about changed."""
