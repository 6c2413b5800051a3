"""Changing what is staged: edits of the staged manifest and the rows that go with them, saved together.

Whoever changes what a commit made now would hold goes through here, so that the index always tracks exactly the paths
of the staged manifest, and nothing is staged whose content is not safely stored.
"""

from __future__ import annotations

from collections.abc import Iterable, KeysView
from dataclasses import replace
from typing import TYPE_CHECKING

from aidb.types import Entry, RepoPath
from aidb.versioning.workspace.entries import entries_of
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.rows import UNKNOWN
from aidb.versioning.workspace.tree.folders import parents
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.store import StoreWriter
    from aidb.versioning.manifest import Manifest


class Staging:
    """Edits of what is staged. `save` makes them stand; without it nothing happened.

    Use as a context manager: it owns a writer of the store, whose unfinished packs vanish on an exception.
    """

    def __init__(self, workspace: Workspace, index: Index) -> None:
        self.index = index
        self._workspace = workspace
        self._edits: dict[RepoPath, Entry | None] = {}
        self.modified = 0
        """How many paths given to `update` differed."""
        self._doubtful: dict[RepoPath, Entry] = {}
        self._settled: set[bytes] = set()
        self._seen_folders: set[bytes] = set()
        self._manifest: Manifest | None = None

    def __enter__(self) -> Staging:
        self.writer: StoreWriter = self._workspace.store.writer().__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.writer.__exit__(*exc)  # type: ignore[arg-type]

    @property
    def manifest(self) -> Manifest:
        """What was staged at the last save."""
        if self._manifest is None:
            self._manifest = self._workspace.manifest(self.index.state.staged_root)
        return self._manifest

    @property
    def pending(self) -> int:
        """How many edits wait for `save`."""
        return len(self._edits)

    def entry(self, path: RepoPath) -> Entry | None:
        """What is staged for a path, edits included."""
        if path in self._edits:
            return self._edits[path]
        return self.manifest.get(path)

    def set(self, path: RepoPath, entry: Entry, row: bytes = UNKNOWN) -> None:
        """Stage an entry. A file that stands where the path needs a folder is staged no more."""
        self.set_all([(path, entry, row)])

    def set_all(self, new: Iterable[tuple[RepoPath, Entry, bytes]]) -> KeysView[bytes]:
        """`set` for many paths; the folders they are in."""
        inside: dict[bytes, dict[bytes, bytes]] = {}
        for path, entry, row in new:
            self._edits[path] = entry
            folder, _, name = path.rpartition(b"/")
            if folder in inside:
                inside[folder][name] = row
            else:
                inside[folder] = {name: row}
        for folder, names in inside.items():
            if folder not in self._seen_folders:
                self._make_room(folder)
            self.index.set_in(folder, names)
        return inside.keys()

    def update(self, path: RepoPath, entry: Entry, row: bytes) -> None:
        """Stage an entry for a path that is tracked. Whether it differs from what is staged shows in `save`."""
        self._doubtful[path] = entry
        self.index.set(path, row)

    def remove(self, path: RepoPath) -> None:
        """Stage that a path is gone."""
        self._edits[path] = None
        self.index.remove(path)

    def settle(self, path: RepoPath) -> None:
        """A conflict on this path is decided by what is staged for it."""
        self._settled.add(path)

    def save(self) -> None:
        """Edit the staged manifest, store and save the index. Conflicts on edited paths are settled."""
        self._decide()
        state = self.index.state
        if self._edits:
            from aidb.versioning.manifest import edit

            state = replace(state, staged_root=edit(self.manifest, self.writer, self._edits.items()))
        if state.conflicts:
            settled = self._settled | self._edits.keys()
            left = tuple(conflict for conflict in state.conflicts if conflict.path not in settled)
            # A stash that is brought back wants no commit of its own: with the last decision it is done.
            over = not left and state.merge is not None and state.merge.kind == "stash"
            state = replace(state, conflicts=left, merge=None if over else state.merge)
        durable = state != self.index.state
        self.index.state = state
        if self.index.changed:
            self._workspace.save(self.index, durable=durable, first=self.writer.flush)
        self._edits = {}
        self._settled = set()
        self._manifest = None

    def _decide(self) -> None:
        known = entries_of(self.manifest, self._doubtful) if self._doubtful else {}
        for path, entry in self._doubtful.items():
            if known.get(path) != entry:
                self._edits[path] = entry
                self.modified += 1
        self._doubtful = {}

    def _make_room(self, folder: bytes) -> None:
        self._seen_folders.add(folder)
        for parent in (*parents(folder), folder):
            if parent in self.index:
                self.remove(RepoPath(parent))
