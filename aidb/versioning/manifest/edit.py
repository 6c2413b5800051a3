"""Changing a manifest: only the nodes that a change touches are read and written, on every level.

Each level is a sorted map that is cut into nodes by the same rule. Editing it means: rewrite from the node that holds a
change until a node of the old tree begins where the new one would begin one too; from there on the old nodes stand.
What was rewritten is in turn a set of changes to the level above. So the root is the one that `build` gives the same
content.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

from aidb.types import Entry, ObjectId, RepoPath
from aidb.versioning.manifest.build import NodeSink, TreeBuilder, build
from aidb.versioning.manifest.chunker import Chunker
from aidb.versioning.manifest.cursor import Cursor
from aidb.versioning.manifest.node import END, Inner, Leaf, Subtree
from aidb.versioning.manifest.nodes import NodeWriter
from aidb.versioning.manifest.order import clash, folders
from aidb.versioning.manifest.shape import PRODUCTION, Shape
from aidb.versioning.manifest.tree import Manifest

Edits = list[tuple[bytes, Any]]
"""Sorted changes of one level: a path and its new entry or subtree, None to remove it."""
_FEW = 8
"""A change among so many items is made by moving those behind it, and all are sorted only where there are more."""


def edit(
    manifest: Manifest,
    writer: NodeWriter,
    changes: Iterable[tuple[RepoPath, Entry | None]],
    *,
    shape: Shape = PRODUCTION,
) -> ObjectId:
    """Write the manifest that differs from `manifest` by `changes` and return its root.

    Changes come in any order, the last one of a path counts, None removes it, and removing what is not there is no
    change. Raises InvalidPathError, before anything is written, if a path would be both a file and a folder.
    """
    plan = dict(changes)
    if not manifest.files:
        return build(
            writer, sorted((path, new) for path, new in plan.items() if new is not None), shape=shape
        )
    _refuse_clashes(manifest, plan)
    edits: Edits = sorted(plan.items())
    sink = NodeSink(writer, manifest.nodes)
    top = Cursor(manifest.nodes, manifest.root).node().level
    for level in range(top + 1):
        edits = _LevelEdit(manifest, level, edits, sink, shape).run()
        if not edits:
            return manifest.root
    builder = TreeBuilder(sink, shape, top + 1)
    nodes = [(path, node) for path, node in edits if node is not None]
    if not nodes:
        return build(writer, ())
    builder.feed([path for path, _ in nodes], [node for _, node in nodes])
    root = builder.finish()
    return _without_chain(manifest, sink, root, top) if len(nodes) == 1 else root


class _LevelEdit:
    """The edit of one level: takes its changes, gives those of the level above."""

    def __init__(self, manifest: Manifest, level: int, edits: Edits, sink: NodeSink, shape: Shape) -> None:
        self._cursor = Cursor(manifest.nodes, manifest.root)
        self._level = level
        self._edits = edits
        self._done = 0
        self._sink = sink
        self._chunker: Chunker[Any] = Chunker(level, shape, self._emit)
        self._old: dict[bytes, Subtree | None] = {}
        self._new: dict[bytes, Subtree] = {}

    def run(self) -> Edits:
        while self._done < len(self._edits):
            self._go_to_next_change()
            self._rewrite()
        above: dict[bytes, Subtree | None] = {**dict.fromkeys(self._old), **self._new}
        return sorted(
            (path, node) for path, node in above.items() if node is None or node != self._old.get(path)
        )

    def _go_to_next_change(self) -> None:
        path, new = self._edits[self._done]
        self._cursor.seek(path, self._level)
        if new is None and path == self._cursor.node().first:
            # That path made the node begin here. Without it, the node before may go on.
            self._cursor.previous_node()

    def _rewrite(self) -> None:
        """Rewrite from the node under the cursor until the old nodes fit again."""
        cursor, edits = self._cursor, self._edits
        while True:
            node = cursor.node()
            stop = bisect_left(edits, (cursor.upper,), self._done)
            self._old[node.first] = cursor.here
            self._chunker.feed(*_merged(node, edits[self._done : stop]))
            self._done = stop
            if cursor.upper == END or self._fits(cursor.upper):
                self._chunker.close()
                return
            cursor.next_node()

    def _fits(self, path: bytes) -> bool:
        """Whether the old node that begins with `path` is one of the new tree, unless it is changed itself."""
        removed = self._done < len(self._edits) and self._edits[self._done] == (path, None)
        return not removed and self._chunker.ends_before(path)

    def _emit(self, paths: list[bytes], rows: list[Any]) -> None:
        self._new[paths[0]] = self._sink.put(self._level, paths, rows)


def _merged(node: Leaf | Inner, edits: Edits) -> tuple[list[RepoPath], list[Any]]:
    """The items of a node after `edits`."""
    paths, rows = node.paths(0, len(node)), node.rows(0, len(node))
    if _FEW * len(edits) > len(paths):
        merged: dict[bytes, Any] = {**dict(zip(paths, rows, strict=True)), **dict(edits)}
        kept = [(RepoPath(path), row) for path, row in sorted(merged.items()) if row is not None]
        return [path for path, _ in kept], [row for _, row in kept]
    for path, new in edits:
        at = bisect_left(paths, path)
        present = at < len(paths) and paths[at] == path
        paths[at : at + present] = [] if new is None else [RepoPath(path)]
        rows[at : at + present] = [] if new is None else [new]
    return paths, rows


def _without_chain(manifest: Manifest, sink: NodeSink, root: ObjectId, level: int) -> ObjectId:
    """The root proper, if what is left of a tree is one node below nodes of one child each."""
    while level and (child := _only_child(manifest, sink, root)) is not None:
        root = child
        level -= 1
    return root


def _only_child(manifest: Manifest, sink: NodeSink, inner: ObjectId) -> ObjectId | None:
    if inner in sink.only_child:
        return sink.only_child[inner]
    node = manifest.nodes.node(inner)
    return node.subtree(0).id if isinstance(node, Inner) and len(node) == 1 else None


def _refuse_clashes(manifest: Manifest, plan: dict[RepoPath, Entry | None]) -> None:
    """Raise InvalidPathError if the edited manifest would hold a path and something in it."""
    added = sorted(path for path, new in plan.items() if new is not None)
    for folder, path in folders(added):
        if plan.get(RepoPath(folder)) is not None:
            raise clash(folder, path)
    finder = _Finder(manifest)
    for path in added:
        before, after = finder.neighbours(path)
        if after == path:
            continue  # what is there already is no folder and lies in no file
        if after.startswith(path):
            _refuse_folder(manifest, plan, path)
        for folder, _ in folders([path]):
            inside = folder + b"/"
            if after.startswith(inside) or before.startswith(inside):
                break  # a folder already, and so are those above it
            if folder not in plan and finder.neighbours(folder)[1] == folder:
                raise clash(folder, path)


def _refuse_folder(manifest: Manifest, plan: dict[RepoPath, Entry | None], path: RepoPath) -> None:
    """Raise InvalidPathError if something in the folder `path` is kept."""
    inside = (kept for kept, _ in manifest.items(path + b"/") if kept not in plan or plan[kept] is not None)
    if (kept := next(inside, None)) is not None:
        raise clash(path, kept)


class _Finder:
    """Looks up many paths, cheapest in sorted order: it stays at the leaf where it found the last one."""

    def __init__(self, manifest: Manifest) -> None:
        self._cursor = manifest.cursor()
        self._leaf = self._cursor.leaf()

    def neighbours(self, path: bytes) -> tuple[bytes, bytes]:
        """A path before `path`, empty if none is at hand; and `path` if it is there, else the first after it."""
        if not self._cursor.first <= path < self._cursor.upper:
            self._cursor.seek(path, 0)
            self._leaf = self._cursor.leaf()
        at = self._leaf.find(path)
        after = self._leaf.path(at) if at < len(self._leaf) else self._cursor.upper
        return self._leaf.path(at - 1) if at else b"", after
