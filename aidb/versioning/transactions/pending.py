"""A version and what a transaction changes in it, seen as one tree."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from heapq import merge as in_order
from operator import itemgetter

from aidb.types import Entry, RepoPath
from aidb.versioning.manifest import Change, Child, Manifest, Totals
from aidb.versioning.manifest.order import clash
from aidb.versioning.manifest.tree import Prefix, ranges


class Pending:
    """Reads like the manifest it would become. Memory grows with what is changed, not with the version."""

    def __init__(self, base: Manifest) -> None:
        self.base = base
        self._changes: dict[RepoPath, Change] = {}
        self._order: list[RepoPath] = []
        self._sorted = True
        self._filled: set[bytes] = set()
        """Folders in which something was put at some time."""
        self._folders: dict[bytes, bool] = {}
        """Folders that are known to be no files, and whether the base has anything in them: may be forgotten."""

    def changes(self) -> list[Change]:
        """What really differs from the base, in path order."""
        return [change for path in self._paths() if (change := self._changes[path]).old != change.new]

    def confirmed(self) -> Iterator[RepoPath]:
        """Paths that were made what they had been in the base."""
        return (path for path, old, new in self._changes.values() if old == new)

    def touches(self, path: RepoPath) -> bool:
        """Whether a file was put there or taken away."""
        return path in self._changes

    def puts_below(self, prefix: Prefix) -> bool:
        """Whether a file was put at or below `prefix`, so that it exists whatever the base holds."""
        return any(change.new is not None for change in self._below(prefix))

    def get(self, path: RepoPath) -> Entry | None:
        """The entry of a file, or None."""
        change = self._changes.get(path)
        return self.base.get(path) if change is None else change.new

    def items(self, prefix: Prefix = b"") -> Iterator[tuple[RepoPath, Entry]]:
        """Paths and entries below `prefix`, in order. Nothing may be changed meanwhile."""
        kept = ((path, entry) for path, entry in self.base.items(prefix) if path not in self._changes)
        put = ((change.path, change.new) for change in self._below(prefix) if change.new is not None)
        return in_order(kept, put, key=itemgetter(0))

    def totals(self, prefix: Prefix = b"") -> Totals:
        """Files and bytes below `prefix`."""
        files, size = self.base.totals(prefix)
        for _, old, new in self._below(prefix):
            files += (new is not None) - (old is not None)
            size += (new.size if new else 0) - (old.size if old else 0)
        return Totals(files, size)

    def children(self, folder: Prefix = b"") -> Iterator[Child]:
        """What lies directly in `folder`, in the order of paths."""
        inside = folder + b"/" if folder else b""
        touched = {change.path[len(inside) :].partition(b"/")[0] for change in self._below(inside)}
        kept = (child for child in self.base.children(folder) if child.name not in touched)
        changed = [child for name in touched if (child := self._child(inside, name)) is not None]
        return in_order(kept, sorted(changed, key=_place), key=_place)

    def update(self, edits: Iterable[tuple[RepoPath, Entry | None]]) -> None:
        """Put files and (None) take them away, in this order; all of them, or none if that fails.

        Raises InvalidPathError if a path would be both a file and a folder.
        """
        before: list[tuple[RepoPath, Change | None]] = []
        try:
            for path, entry in edits:
                change = Change(path, self._old(path), None) if entry is None else self._put(path, entry)
                before.append((path, self._changes.get(path)))
                self._record(change)
        except BaseException:
            self._undo(before)
            raise

    def _put(self, path: RepoPath, entry: Entry) -> Change:
        folder = path.rpartition(b"/")[0]
        if folder not in self._folders:
            self._enter(path)
        old = self._old(path) if self._folders[folder] else None
        if self._may_be_folder(path, folder, old) and (inside := next(self.items(path + b"/"), None)):
            raise clash(path, inside[0])
        if path in self._folders:
            # It was a folder and is a file now: what is known of the folders in it is out of date.
            self._folders.clear()
        return Change(path, old, entry)

    def _may_be_folder(self, path: RepoPath, folder: bytes, old: Entry | None) -> bool:
        """Cheaper than looking, and mostly enough: most paths are files in the base, or new in a folder that is new."""
        if path in self._filled:
            return True
        return self._folders[folder] and old is None and next(self.base.items(path + b"/"), None) is not None

    def _record(self, change: Change) -> None:
        path = change.path
        if path not in self._changes:
            self._sorted = self._sorted and (not self._order or self._order[-1] < path)
            self._order.append(path)
        self._changes[path] = change

    def _undo(self, before: list[tuple[RepoPath, Change | None]]) -> None:
        for path, change in reversed(before):
            if change is None:
                del self._changes[path]
            else:
                self._changes[path] = change
        self._order, self._sorted = list(self._changes), False
        self._folders.clear()

    def _old(self, path: RepoPath) -> Entry | None:
        change = self._changes.get(path)
        return self.base.get(path) if change is None else change.old

    def _enter(self, path: RepoPath) -> None:
        """Make sure that nothing `path` lies in is a file."""
        folder = path.rpartition(b"/")[0]
        while folder not in self._folders:
            if folder and self.get(RepoPath(folder)) is not None:
                raise clash(folder, path)
            self._filled.add(folder)
            self._folders[folder] = self.base.totals(folder and folder + b"/").files > 0
            folder = folder.rpartition(b"/")[0]

    def _child(self, inside: bytes, name: bytes) -> Child | None:
        entry = self.get(RepoPath(inside + name))
        if entry is not None:
            return Child(name, entry, Totals(1, entry.size))
        totals = self.totals(inside + name + b"/")
        return Child(name, None, totals) if totals.files else None

    def _below(self, prefix: Prefix) -> Iterator[Change]:
        paths = self._paths()
        for start, stop in ranges(prefix):
            for path in paths[bisect_left(paths, start) : bisect_left(paths, stop)]:
                yield self._changes[path]

    def _paths(self) -> list[RepoPath]:
        """The changed paths, sorted when that is needed: to sort again what is mostly sorted is cheap."""
        if not self._sorted:
            self._order.sort()
            self._sorted = True
        return self._order


def _place(child: Child) -> bytes:
    """Where a child stands in the order of paths."""
    return child.name if child.entry is not None else child.name + b"/"
