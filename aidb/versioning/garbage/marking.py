"""From roots to chunks: every commit, manifest node and recipe is visited once, however many versions share it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from aidb.progress import SILENT, Progress
from aidb.store.garbage.marks import Mark, Marks
from aidb.store.indexes.lookup import table_of
from aidb.types import CommitId, ObjectId
from aidb.versioning.garbage.roots import Roots
from aidb.versioning.manifest.codec import decode_node
from aidb.versioning.manifest.node import Leaf

if TYPE_CHECKING:
    from aidb.store import ObjectStore
    from aidb.store.indexes.lookup import Table
    from aidb.versioning.engine import Engine

_NODES_TOGETHER = 256
_COMMITS_TOGETHER = 512


class Marker:
    """Marks what roots need and, when it ends, what those chunks are stored as differences to.

    Raises IntegrityError at the first thing that is missing or damaged.
    """

    def __init__(self, engine: Engine, store: ObjectStore, marks: Marks, progress: Progress = SILENT) -> None:
        self._engine = engine
        self.store = store
        self.marks = marks
        self._task = progress.task("Marking versions", None, "commits")
        self.commits: set[CommitId] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        self._task.close()
        if kind is None:
            self.store.mark_bases(self.marks)

    def mark(self, roots: Roots) -> None:
        """Everything that these roots reach."""
        self._mark_commits(roots.commits)
        self.mark_manifests(roots.manifests)
        plain = [blob.id for blob in roots.blobs if blob.recipe is None]
        self.marks.add(table_of(plain), Mark.NEEDED)
        self.store.mark_recipes(self.marks, [blob.recipe for blob in roots.blobs if blob.recipe is not None])

    def enter(self, commit: CommitId) -> bool:
        """Whether a commit has to be followed: the first time."""
        if commit in self.commits:
            return False
        self.commits.add(commit)
        return True

    def mark_manifests(self, roots: Iterable[ObjectId]) -> None:
        """Versions by their manifest roots: the nodes that are new among them, and the files those list."""
        stack = [table_of(list(roots))]
        while stack:
            pending = self.marks.add(stack.pop(), Mark.NODE)
            for start in range(0, len(pending), _NODES_TOGETHER):
                below = self._mark_nodes(pending[start : start + _NODES_TOGETHER])
                if len(below):
                    stack.append(below)

    def _mark_commits(self, commits: Iterable[CommitId]) -> None:
        stack, roots = list(commits), []
        while stack:
            commit_id = stack.pop()
            if not self.enter(commit_id):
                continue
            commit = self._engine.read_commit(commit_id)
            stack.extend(commit.parents)
            roots.append(commit.root)
            self._task.advance()
            if len(roots) == _COMMITS_TOGETHER:
                self.mark_manifests(roots)
                roots = []
        self.mark_manifests(roots)

    def _mark_nodes(self, ids: Table) -> Table:
        """Mark what some nodes hold; the nodes below them."""
        block = [ObjectId(id_.tobytes()) for id_ in ids]
        below: list[bytes] = []
        for position, data in self.store.read_chunks(block):
            node = decode_node(bytes(data), block[position])
            if isinstance(node, Leaf):
                self.mark_files(node)
            else:
                below.append(node.ids)
        return table_of(below)

    def mark_files(self, leaf: Leaf) -> None:
        """The files of one leaf. Called once for each, whatever shares it."""
        import numpy as np

        blobs = table_of([leaf.blobs])
        if leaf.recipes:
            blobs = np.delete(blobs, list(leaf.recipes), axis=0)
            self.store.mark_recipes(self.marks, list(leaf.recipes.values()))
        self.marks.add(blobs, Mark.NEEDED)
