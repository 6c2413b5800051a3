"""A version as the checks look at it: what changed, what is there, and its files, wherever their bytes lie."""

from __future__ import annotations

import contextlib
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.errors import IntegrityError
from aidb.inside.content import Content, StoredContent, WorkingFile
from aidb.types import Entry, RepoPath, decode_path
from aidb.versioning.gate import Proposal

if TYPE_CHECKING:
    from aidb.checks.gate import Parts
    from aidb.checks.tables import Table
    from aidb.versioning.manifest import Change


class Candidate(ABC):
    """A version that is to be checked, at an event on a branch."""

    def __init__(self, parts: Parts, proposal: Proposal) -> None:
        self.event = proposal.event
        self.branch = proposal.branch
        self.message = proposal.message
        self.root = parts.root
        self.scratch = parts.session.scratch

    @abstractmethod
    def changes(self) -> Iterator[Change]:
        """What the version changes, in path order; streamed, each time anew."""

    @property
    @abstractmethod
    def files(self) -> int:
        """How many files the version has."""

    @abstractmethod
    def get(self, path: RepoPath) -> Entry | None:
        """What the version holds for a path."""

    @abstractmethod
    def items(self, prefix: bytes = b"") -> Iterator[tuple[RepoPath, Entry]]:
        """The paths at or below `prefix`, with what the version holds for them."""

    @abstractmethod
    def content(self, path: RepoPath, entry: Entry) -> Content:
        """The content of a file."""

    def table(
        self, path: RepoPath, entry: Entry, kind: str, delimiter: str
    ) -> contextlib.AbstractContextManager[Table]:
        """A file opened as a table of a kind. `.gz` at the end of its name says that it is compressed."""
        from aidb.checks.tables import open_table

        compressed = path.lower().endswith(b".gz")
        content = self.content(path, entry)
        return open_table(content, kind, scratch=self.scratch(), delimiter=delimiter, compressed=compressed)

    @abstractmethod
    def folder(self, paths: Sequence[RepoPath]) -> contextlib.AbstractContextManager[Path]:
        """A folder that holds these paths as the version does, while the block runs."""


class StoredCandidate(Candidate):
    """A version whose content is in the store."""

    def __init__(self, parts: Parts, proposal: Proposal) -> None:
        super().__init__(parts, proposal)
        self._store = parts.store
        self._proposal = proposal
        self._new = proposal.new

    def changes(self) -> Iterator[Change]:
        from aidb.versioning.manifest import diff

        return diff(self._proposal.old, self._new)

    @property
    def files(self) -> int:
        return self._new.files

    def get(self, path: RepoPath) -> Entry | None:
        return self._new.get(path)

    def items(self, prefix: bytes = b"") -> Iterator[tuple[RepoPath, Entry]]:
        return self._new.items(prefix)

    def content(self, path: RepoPath, entry: Entry) -> Content:
        return StoredContent(self._store, entry.content, self.scratch)

    @contextlib.contextmanager
    def folder(self, paths: Sequence[RepoPath]) -> Iterator[Path]:
        """The workspace if it shows them so, else a copy of just these paths."""
        if self._proposal.shows is not None and self._proposal.shows(paths):
            yield self.root
            return
        copy = self.scratch() / f"check-{os.urandom(6).hex()}"
        copy.mkdir()
        try:
            self._export(paths, copy)
            yield copy
        finally:
            shutil.rmtree(copy, ignore_errors=True)

    def _export(self, paths: Iterable[RepoPath], target: Path) -> None:
        from aidb.progress import SILENT
        from aidb.versioning.workspace.tree.materialise import Materialiser

        wanted = ((path, entry) for path in paths if (entry := self._new.get(path)) is not None)
        with Materialiser(target, self._store, self.scratch(), SILENT.task("")) as materialiser:
            for _ in materialiser.write(wanted):
                pass
        damaged: list[IntegrityError] = list(materialiser.damaged.values())
        if damaged:
            raise damaged[0]


class WorkingCandidate(Candidate):
    """The working tree as it is, with what is not staged: only for looking, for it may change at any moment."""

    def __init__(self, parts: Parts, staged: Proposal, unstaged: Iterable[Change]) -> None:
        """`staged` leads from HEAD to what is staged, `unstaged` from there to the working tree."""
        super().__init__(parts, staged)
        self._staged = staged
        self._over = {change.path: change for change in unstaged}

    def changes(self) -> Iterator[Change]:
        from aidb.versioning.manifest import Change, diff

        old = self._staged.old
        found = {change.path: change.new for change in diff(old, self._staged.new)}
        found |= {path: change.new for path, change in self._over.items()}
        return (Change(path, old.get(path), found[path]) for path in sorted(found))

    @property
    def files(self) -> int:
        return self._staged.new.files - sum(change.new is None for change in self._over.values())

    def get(self, path: RepoPath) -> Entry | None:
        return self._over[path].new if path in self._over else self._staged.new.get(path)

    def items(self, prefix: bytes = b"") -> Iterator[tuple[RepoPath, Entry]]:
        for path, staged in self._staged.new.items(prefix):
            entry = self._over[path].new if path in self._over else staged
            if entry is not None:
                yield path, entry

    def content(self, path: RepoPath, entry: Entry) -> Content:
        return WorkingFile(self.root / decode_path(path), self.scratch)

    @contextlib.contextmanager
    def folder(self, paths: Sequence[RepoPath]) -> Iterator[Path]:
        yield self.root
