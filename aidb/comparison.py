"""Ties a repository's diffs and merges to what looks inside files: where to read each side, and with which attributes.

The attributes are those of the version compared with (of the working tree, if that is it), and in a merge those of
ours.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.errors import AidbError, StorageError
from aidb.inside.attributes import MAX_SIZE, Attributes
from aidb.inside.content import Content, StoredContent, WorkingFile
from aidb.inside.explain import Question, explain
from aidb.inside.explanation import Explanation, Unreadable
from aidb.inside.merging import ContentMerger, Sides
from aidb.types import Kind, RepoPath

if TYPE_CHECKING:
    from aidb.repository import Repository
    from aidb.store import StoreWriter
    from aidb.types import Entry
    from aidb.versioning.diff import Diff, FileChange
    from aidb.versioning.manifest import Conflict, Manifest

_Open = Callable[[str, "Entry"], Content]


def with_insides(repository: Repository, diff: Diff, new: Manifest | None) -> Diff:
    """A diff whose changes can be explained. `new` is the version it leads to, None for the working tree."""
    look = _Look(repository, new)
    return replace(diff, look_inside=look.explain)


class _Look:
    """Reads both sides of a change."""

    def __init__(self, repository: Repository, new: Manifest | None) -> None:
        self._store, self._root = repository.store, repository.root
        self._scratch = repository.session.scratch
        self._attributes = attributes_in(repository, new)
        self._new: _Open = self._working if new is None else self._stored

    def explain(self, change: FileChange, key: tuple[str, ...] | None) -> Explanation | None:
        old, new = change.old, change.new
        if Kind.SYMLINK in (old and old.kind, new and new.kind) or (old and new and old.blob == new.blob):
            return None
        try:
            question = Question(
                change.path,
                old and self._stored(change.path, old),
                new and self._new(change.path, new),
                self._scratch,
                change.old_path,
                key,
                self._attributes.of(os.fsencode(change.path)),
            )
        except AidbError as error:
            return Unreadable(error.message, error.hints)
        return explain(question)

    def _stored(self, _: str, entry: Entry) -> Content:
        return StoredContent(self._store, entry.content, self._scratch)

    def _working(self, path: str, _: Entry) -> Content:
        return WorkingFile(self._root / path, self._scratch)


def attributes_in(repository: Repository, version: Manifest | None) -> Attributes:
    """The attributes of a version, None for the working tree."""
    if version is None:
        return Attributes(lambda path: _read_working(repository, path))

    def read(path: bytes) -> bytes | None:
        entry = version.get(RepoPath(path))
        if entry is None or entry.kind is Kind.SYMLINK:
            return None
        with repository.store.open_blob(entry.content) as stream:
            return stream.read(MAX_SIZE)

    return Attributes(read)


def _read_working(repository: Repository, path: bytes) -> bytes | None:
    """A file of the working tree; like Git, none from behind a symlink."""
    try:
        return WorkingFile(repository.root / Path(os.fsdecode(path)), repository.session.scratch).start(
            MAX_SIZE
        )
    except StorageError:
        return None


def content_merge(repository: Repository) -> Callable[[StoreWriter, Conflict], Entry | str | None]:
    """The function by which a merge into HEAD merges files that both sides changed."""
    head = repository.head.commit
    version = None if head is None else repository.at(head).manifest
    merger = ContentMerger(repository.store, repository.session.scratch, attributes_in(repository, version))

    def merge(writer: StoreWriter, conflict: Conflict) -> Entry | str | None:
        base, ours, theirs = conflict.base, conflict.ours, conflict.theirs
        if base is None or ours is None or theirs is None:
            return None
        merged = merger.merge(Sides(conflict.path, base.content, ours.content, theirs.content), writer)
        if merged is None or isinstance(merged, str):
            return merged
        kind = theirs.kind if ours.kind == base.kind else ours.kind
        return ours._replace(kind=kind, size=merged.size, blob=merged.id, recipe=merged.recipe)

    return merge
