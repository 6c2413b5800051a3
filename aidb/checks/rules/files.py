"""Rules that look at a file's name and size alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from aidb.checks.report import Problem
from aidb.notebook import human_bytes
from aidb.types import Entry, RepoPath

if TYPE_CHECKING:
    from aidb.checks.candidate import Candidate


class SizeRule(NamedTuple):
    """Not smaller and not larger, in bytes."""

    low: int | None
    high: int | None

    def problems(self, candidate: Candidate, path: RepoPath, entry: Entry) -> Iterator[Problem]:
        if self.high is not None and entry.size > self.high:
            yield Problem("max_size", f"has {entry.size:,} bytes, more than {self.high:,}")
        if self.low is not None and entry.size < self.low:
            yield Problem("min_size", f"has {entry.size:,} bytes, less than {self.low:,}")

    def __str__(self) -> str:
        bounds = (("at least", self.low), ("at most", self.high))
        return " and ".join(f"{word} {human_bytes(size)}" for word, size in bounds if size is not None)


class SuffixRule(NamedTuple):
    """A name ends in one of these, in capitals or not."""

    suffixes: tuple[str, ...]

    def problems(self, candidate: Candidate, path: RepoPath, entry: Entry) -> Iterator[Problem]:
        name = path.lower()
        if not any(name.endswith(suffix.lower().encode()) for suffix in self.suffixes):
            yield Problem("suffixes", f"does not end in {' or '.join(self.suffixes)}")

    def __str__(self) -> str:
        return f"named {' or '.join('*' + suffix for suffix in self.suffixes)}"
