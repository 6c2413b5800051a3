"""Rules about a version as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from aidb.checks.report import Problem
from aidb.types import RepoPath, show_path

if TYPE_CHECKING:
    from aidb.checks.candidate import Candidate
    from aidb.checks.selection import Selection


class MustExist(NamedTuple):
    """A file, or a folder with something in it, is there."""

    path: RepoPath

    def problems(self, candidate: Candidate, selection: Selection, *, touched: bool) -> Iterator[Problem]:
        if next(candidate.items(self.path), None) is None:
            yield Problem("must_exist", f"there is no {show_path(self.path)}")

    def __str__(self) -> str:
        return f"{show_path(self.path)} exists"


class MaxFiles(NamedTuple):
    """Not more files among those that the check is about."""

    most: int

    def problems(self, candidate: Candidate, selection: Selection, *, touched: bool) -> Iterator[Problem]:
        if not touched:
            return
        if not selection.paths:
            count = candidate.files
        else:
            count = sum(selection.covers(path) for path, _ in candidate.items())
        if count > self.most:
            yield Problem("max_files", f"there are {count:,} files, more than {self.most:,}")

    def __str__(self) -> str:
        return f"at most {self.most:,} files"
