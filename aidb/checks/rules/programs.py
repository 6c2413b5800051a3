"""Rules that somebody else's code decides: a shell command, or a Python function.

Such code may come from anywhere with the version that it checks, so it runs only where it is trusted (`trust.py`).
"""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module, invalidate_caches
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aidb.checks.proposed import Proposed
from aidb.checks.report import Problem
from aidb.checks.run_program import run_program
from aidb.errors import InvalidPathError
from aidb.types import RepoPath, repo_path

if TYPE_CHECKING:
    from aidb.checks.candidate import Candidate
    from aidb.checks.selection import Selection

_MOST = 100


class Command(NamedTuple):
    """A shell command that ends with exit code 0."""

    command: str
    needs: tuple[RepoPath, ...] = ()
    timeout: float | None = None

    def named(self, candidate: Candidate) -> set[RepoPath]:
        """The files of the version that it names."""
        return _present(candidate, _paths(self._words()))

    def problems(self, candidate: Candidate, selection: Selection) -> Iterator[Problem]:
        """One, with the end of what it printed, if it does not end well."""
        wanted = needed(self, candidate) | self.named(candidate)
        wanted.update(c.path for c in candidate.changes() if c.new is not None and selection.covers(c.path))
        with candidate.folder(sorted(wanted)) as folder:
            ran = run_program(
                ["/bin/sh", "-c", self.command],
                folder=folder,
                scratch=candidate.scratch(),
                variables=variables(candidate),
                changes=(c for c in candidate.changes() if selection.covers(c.path)),
                timeout=self.timeout,
            )
        if ran.code != 0:
            yield Problem("command", f"`{self.command}` does not agree ({ran.outcome})", ran.lines)

    def _words(self) -> list[str]:
        try:
            return shlex.split(self.command)
        except ValueError:
            return self.command.split()

    @property
    def what(self) -> str:
        """What runs."""
        return f"`{self.command}`"

    def __str__(self) -> str:
        return f"{self.what} agrees"


class EntryPoint(NamedTuple):
    """A Python function, `package.module:function`, that finds nothing. It is given a `Proposed`."""

    entry: str
    needs: tuple[RepoPath, ...] = ()

    def named(self, candidate: Candidate) -> set[RepoPath]:
        """The modules of the version that it names."""
        parts = self.entry.partition(":")[0].split(".")
        starts = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        modules = [f"{start}{end}" for start in starts for end in (".py", "/__init__.py")]
        return _present(candidate, _paths(modules))

    def problems(self, candidate: Candidate, selection: Selection) -> Iterator[Problem]:
        """What the function returns or yields; an exception counts as one."""
        wanted = needed(self, candidate) | self.named(candidate)
        with candidate.folder(sorted(wanted)) as folder, _importing_from(folder):
            try:
                answer = self._function()(Proposed(candidate, selection))
                texts = [answer] if isinstance(answer, str) else answer or ()
                for text, _ in zip(texts, range(_MOST), strict=False):
                    yield Problem("entry", " ".join(str(text).split()))
            except Exception as error:  # noqa: BLE001 - whatever other people's code raises is its answer
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                yield Problem("entry", f"{self.entry} failed: {reason}")

    def _function(self) -> Callable[[Proposed], Any]:
        module, _, name = self.entry.partition(":")
        function: Callable[[Proposed], Any] = getattr(import_module(module), name)
        return function

    @property
    def what(self) -> str:
        """What runs."""
        return self.entry

    def __str__(self) -> str:
        return f"{self.what} finds nothing"


Program = Command | EntryPoint


def code(program: Program, candidate: Candidate, selection: Selection) -> set[RepoPath]:
    """The files of the version that it is made of: what it needs and names, without the data that it is about."""
    named = program.named(candidate)
    data = {path for path in named if selection.paths and selection.covers(path)}
    return needed(program, candidate) | (named - data)


def needed(program: Program, candidate: Candidate) -> set[RepoPath]:
    """The files of the version at or below what it needs."""
    return _present(candidate, program.needs)


def variables(candidate: Candidate) -> dict[str, str]:
    """What a program is told through its environment."""
    return {
        "AIDB_EVENT": candidate.event,
        "AIDB_BRANCH": candidate.branch or "",
        "AIDB_MESSAGE": candidate.message,
        "AIDB_ROOT": str(candidate.root),
    }


def _paths(words: list[str]) -> list[RepoPath]:
    """The words that can be paths of a version."""
    found = []
    for word in words:
        with contextlib.suppress(InvalidPathError):
            found.append(repo_path(word))
    return found


def _present(candidate: Candidate, paths: Sequence[RepoPath]) -> set[RepoPath]:
    """The files of the version at or below these paths."""
    return {path for path, _ in chain.from_iterable(map(candidate.items, paths))}


@contextlib.contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Modules of `folder` come first, and are forgotten afterwards: the next version has its own."""
    known, write_bytecode = set(sys.modules), sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    invalidate_caches()
    try:
        yield
    finally:
        sys.dont_write_bytecode = write_bytecode
        with contextlib.suppress(ValueError):
            sys.path.remove(str(folder))
        for name in set(sys.modules) - known:
            origin = getattr(sys.modules[name], "__file__", None) or ""
            if Path(origin).is_relative_to(folder):
                del sys.modules[name]
