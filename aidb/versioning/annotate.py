"""Which commit last changed each file of a version.

History is walked once, newest first; each commit is compared with its parents by manifests, so the cost is that of the
changes, not of the files. At a merge, a file is followed to the first parent that holds it alike, as Git does; one that
no parent holds alike was changed by the merge itself.

What is not promised: anything about a file before it had its present path.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import PathNotFoundError
from aidb.types import CommitId, Entry, RepoPath, decode_path, show_path
from aidb.versioning.ancestry import TimeQueue
from aidb.versioning.manifest import Manifest, NodeCache, NodeReader, diff

if TYPE_CHECKING:
    from aidb.versioning.commits import Commit
    from aidb.versioning.engine import Engine


class Annotated(NamedTuple):
    """A file and the commit that made it what it is."""

    path: str
    entry: Entry
    commit: Commit


def annotate(engine: Engine, reader: NodeReader, commit: CommitId, prefix: bytes = b"") -> list[Annotated]:
    """The files at or below `prefix` in the version of `commit`, by path. Raises PathNotFoundError if there is none."""
    walk = _Walk(engine, reader, prefix)
    files = dict(walk.manifest(commit).items(prefix))
    if prefix and not files:
        raise PathNotFoundError(
            f"{show_path(prefix)} is not in commit {commit[:10]}",
            hints=(f"`aidb ls -r {commit[:10]}:` lists what is there.",),
        )
    changed_by = walk.explain(commit, files)
    return [
        Annotated(decode_path(path), entry, engine.read_commit(changed_by[path]))
        for path, entry in files.items()
    ]


class _Walk:
    """Hands paths down from children to parents until each has met the commit that changed it."""

    def __init__(self, engine: Engine, reader: NodeReader, prefix: bytes) -> None:
        self._engine = engine
        self._nodes = NodeCache(reader)
        self._prefix = prefix
        self._queue = TimeQueue()
        self._waiting: dict[CommitId, set[RepoPath]] = {}

    def manifest(self, commit: CommitId) -> Manifest:
        return Manifest(self._nodes, self._engine.read_commit(commit).root)

    def explain(self, commit: CommitId, paths: Iterable[RepoPath]) -> dict[RepoPath, CommitId]:
        found: dict[RepoPath, CommitId] = {}
        self._hand_down(commit, set(paths))
        while self._queue:
            here = self._queue.pop()
            left = self._waiting.pop(here)
            for parent in self._engine.links(here).parents:
                changed = self._changed(parent, here, left)
                left -= changed
                self._hand_down(parent, left)
                left = changed
            found.update(dict.fromkeys(left, here))
        return found

    def _hand_down(self, commit: CommitId, paths: set[RepoPath]) -> None:
        """A commit that had its turn, as clocks may run backwards, simply gets another one."""
        if not paths:
            return
        known = self._waiting.get(commit)
        if known is None:
            self._queue.push(commit, self._engine.links(commit).time)
            self._waiting[commit] = paths
        else:
            known |= paths

    def _changed(self, parent: CommitId, here: CommitId, paths: set[RepoPath]) -> set[RepoPath]:
        """Those of the paths that the two versions do not hold alike."""
        before, after = self.manifest(parent), self.manifest(here)
        if not paths or before.root == after.root:
            return set()
        where = next(iter(paths)) if len(paths) == 1 else self._prefix
        return {change.path for change in diff(before, after, where) if change.path in paths}
