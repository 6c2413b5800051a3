"""The working tree of a repository: where it is, its index, and who may change it.

The verbs (add, switch, merge, …) are functions of the modules beside this one. Whatever changes the index or the
working tree holds the workspace lock; what only reads never waits for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aidb.errors import DamagedObjectError, LockedError
from aidb.files import file_lock
from aidb.types import ObjectId
from aidb.versioning.head import read_head
from aidb.versioning.workspace.index.index import Index, OpenIndex, open_index
from aidb.versioning.workspace.index.rows import UNKNOWN
from aidb.versioning.workspace.index.state import State

if TYPE_CHECKING:
    from aidb.config import Config
    from aidb.files import Session
    from aidb.store import ObjectStore
    from aidb.versioning.engine import Engine
    from aidb.versioning.gate import Gate
    from aidb.versioning.head import Head
    from aidb.versioning.manifest import Manifest, NodeCache
    from aidb.versioning.operations import OperationLog
    from aidb.versioning.overlay import Overlay
    from aidb.versioning.recording import Recorder

_REBUILD_BATCH = 500_000


class Parts(Protocol):
    """What a workspace needs of its repository; `store` and `engine` are made when first asked for."""

    @property
    def root(self) -> Path: ...
    @property
    def folder(self) -> Path: ...
    @property
    def config(self) -> Config: ...
    @property
    def session(self) -> Session: ...
    @property
    def store(self) -> ObjectStore: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def operation_log(self) -> OperationLog: ...
    @property
    def gate(self) -> Gate: ...


class Workspace:
    """One working tree. Cheap to make; reads nothing until it is used."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.root = parts.root
        self.folder = parts.folder
        self._index = parts.folder / "index"
        self._lock = parts.folder / "locks" / "workspace"
        self._git = parts.folder / "git"
        self._file: OpenIndex | None = None

    @property
    def config(self) -> Config:
        return self._parts.config

    @property
    def store(self) -> ObjectStore:
        return self._parts.store

    @property
    def engine(self) -> Engine:
        return self._parts.engine

    @property
    def operation_log(self) -> OperationLog:
        return self._parts.operation_log

    @property
    def gate(self) -> Gate:
        """Who is asked before a branch gets a new version."""
        return self._parts.gate

    def head(self) -> Head:
        """What is checked out, found without loading libgit2 where possible."""
        return read_head(self._git) or self.engine.head()

    def manifest(self, root: ObjectId | None) -> Manifest:
        """The manifest of a root; the empty one for None. They share what they have decoded."""
        from aidb.versioning.manifest import Manifest

        return Manifest(self._nodes, self._overlay.empty if root is None else root)

    @cached_property
    def _overlay(self) -> Overlay:
        from aidb.versioning.overlay import Overlay

        return Overlay(self.store)

    @cached_property
    def _nodes(self) -> NodeCache:
        from aidb.versioning.manifest import NodeCache

        return NodeCache(self._overlay)

    def staged_root(self) -> ObjectId | None:
        """The manifest of what is staged: what a commit made now would hold."""
        return self.read_index().state.staged_root

    def recorder(self) -> Recorder:
        """What writes the commits of one command."""
        from aidb.versioning.recording import Recorder

        return Recorder(self.root, self.engine, self.config)

    def scratch(self) -> Path:
        """Where this process keeps its temporary files."""
        return self._parts.session.scratch()

    # The index

    def read_index(self) -> Index:
        """The index as it is now, for looking at. Rebuilt, with a note, if it is lost or damaged."""
        try:
            return self._load()
        except DamagedObjectError as error:
            with contextlib.suppress(LockedError), self.changing(timeout=0.0) as index:
                return index
            return self._rebuilt(error.message, save=False)

    def saved_state(self) -> State:
        """What is staged and under way. Raises DamagedObjectError where `read_index` would begin anew."""
        return self._load().state

    @contextlib.contextmanager
    def changing(self, verb: str = "", about: str = "", *, timeout: float = 60.0) -> Iterator[Index]:
        """Hold the workspace lock and give the index to change. Raises LockedError naming who holds it.

        Saving is up to the caller: what is not saved did not happen. With a `verb`, all that the block changes is one
        operation of that name.
        """
        with file_lock(self._lock, what="the workspace", timeout=timeout):
            try:
                index = self._load()
            except DamagedObjectError as error:
                index = self._rebuilt(error.message, save=True)
            if not verb:
                yield index
                return
            index.noted = index.state
            with self.operation_log.recording(verb, about):
                yield index

    def save(self, index: Index, *, durable: bool = True, first: Callable[[], None] = lambda: None) -> None:
        """Make the index what every later command sees. `first` makes durable what its state names.

        `durable=False` is for what can be found again: rows, or a base that is already a commit. What is staged or
        being merged is nowhere else: a file that holds it never takes the place of a durable one without being so.
        """
        state = index.state
        durable = durable or state.staged_root != state.base_root or state.merge is not None

        def before() -> None:
            first()
            self.note(index)

        index.save(self._index, scratch=self.scratch(), durable=durable, first=before)
        self._file = index.file

    def note(self, index: Index, *, after_next: bool = False) -> None:
        """Record in the operation under way, if any, that the state is about to change; `after_next`: once the next
        thing that is recorded was done."""
        if index.noted != index.state and (recording := self.operation_log.current) is not None:
            from aidb.versioning.workspace.views import change_of

            recording.change_state(change_of(index.noted, index.state), after_next=after_next)
            index.noted = index.state

    def _load(self) -> Index:
        self._file = file = open_index(self._index, self._file)
        if file is None and self.head().commit is not None:
            return self._rebuilt("the workspace index is missing", save=False)
        index = Index(file)
        self._catch_up(index)
        return index

    def _catch_up(self, index: Index) -> None:
        """Where HEAD has moved on by nothing but what is staged here, it is the base.

        So it is after a commit that was killed before it could save the index.
        """
        state, head = index.state, self.head()
        if head.commit is None or head.commit == state.base:
            return
        from aidb.versioning.manifest import diff

        commit = self.engine.read_commit(head.commit)
        base, staged, tip = map(self.manifest, (state.base_root, state.staged_root, commit.root))
        if all(staged.get(change.path) == change.new for change in diff(base, tip)):
            merge = state.merge
            if merge is not None and (merge.kind != "merge" or set(merge.heads) <= set(commit.parents)):
                merge = None
            index.state = replace(state, base=commit.id, base_root=commit.root, merge=merge)

    def _rebuilt(self, why: str, *, save: bool) -> Index:
        """An index that stages exactly HEAD and knows no file on disk, so that each is looked at again."""
        index = Index(None)
        commit = self.head().commit
        if commit is not None:
            root = self.engine.read_commit(commit).root
            index.state = State(commit, root, root)
            manifest = self.manifest(root)
            for count, (path, _) in enumerate(manifest.items(), start=1):
                index.set(path, UNKNOWN)
                if save and count % _REBUILD_BATCH == 0:
                    self.save(index)
        if save:
            self.save(index)
        index.notes.append(
            f"{why}; it was made again from HEAD. What was staged is still stored, but has to be staged again with"
            " `aidb add`; a merge that was under way has to be started again."
        )
        return index
