"""Who takes how much: what each branch alone needs, and what each commit added. Bytes are as stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import RefusedError
from aidb.progress import SILENT, Progress
from aidb.store.garbage.owners import MOST
from aidb.types import HEADS, CommitId
from aidb.versioning.commits import Commit
from aidb.versioning.garbage.marking import Marker
from aidb.versioning.garbage.roots import Roots, sources

if TYPE_CHECKING:
    from aidb.store import ObjectStore
    from aidb.store.garbage.owners import Owners
    from aidb.versioning.engine import Engine
    from aidb.versioning.workspace import Workspace

_OF_HEAD = ("HEAD", "what is staged", "an unfinished merge")


class BranchShare(NamedTuple):
    """A branch: its tip, the size of that version, and what nothing but this branch needs."""

    name: str
    tip: Commit
    chunks: int
    bytes: int


class CommitShare(NamedTuple):
    """A commit, and what it added to all before it."""

    commit: Commit
    chunks: int
    bytes: int


class _OwnedMarker(Marker):
    """Follows commits as `Owners` follows chunks: again, once, when they turn out to be shared."""

    def __init__(self, engine: Engine, store: ObjectStore, owners: Owners, progress: Progress) -> None:
        super().__init__(engine, store, owners, progress)
        self._owners = owners
        self._held: dict[CommitId, int | None] = {}

    def enter(self, commit: CommitId) -> bool:
        owner = self._owners.owner
        held = self._held.get(commit, 0)
        if held is None or held == owner:
            return False
        self._held[commit] = owner if held == 0 else None
        return True


def branch_shares(
    engine: Engine, store: ObjectStore, workspace: Workspace, *, progress: Progress = SILENT
) -> list[BranchShare]:
    """What deleting each branch would free, the largest first.

    Tags and other branches count as needing what they share with it. Reflogs do not: a collection lets go of what only
    they name when they expire. What is staged belongs to the branch that is checked out.
    """
    branches = engine.list_refs(HEADS)
    if len(branches) > MOST - 1:
        raise RefusedError(f"{len(branches):,} branches are more than can be told apart ({MOST - 1:,})")
    current = f"{HEADS}{engine.head().branch}"
    owners = store.owners()
    with _OwnedMarker(engine, store, owners, progress) as marker:
        for number, (name, tip) in enumerate(branches.items(), start=1):
            owners.owner = number
            marker.mark(Roots(commits=(tip,)))
            if name == current:
                _mark_sources(engine, workspace, marker, of_head=True)
        owners.owner = len(branches) + 1
        _mark_sources(engine, workspace, marker, of_head=False, detached=current not in branches)
    alone = owners.exclusive()
    shares = [
        BranchShare(name.removeprefix(HEADS), engine.read_commit(tip), *alone.get(number, (0, 0)))
        for number, (name, tip) in enumerate(branches.items(), start=1)
    ]
    return sorted(shares, key=lambda share: (-share.bytes, share.name))


def _mark_sources(
    engine: Engine, workspace: Workspace, marker: Marker, *, of_head: bool, detached: bool = False
) -> None:
    for source in sources(engine, workspace):
        if source.name in ("branches", "reflogs", "operations"):
            continue
        if (source.name in _OF_HEAD) == of_head or detached:
            marker.mark(source.find())


def commit_shares(
    engine: Engine, store: ObjectStore, tips: Sequence[CommitId], *, progress: Progress = SILENT
) -> list[CommitShare]:
    """What each commit that these reach has added to those before it, the newest first."""
    with Marker(engine, store, store.marks(), progress) as marker:
        return list(added_by(marker, list(engine.walk(tips, order="topological"))))[::-1]


def added_by(marker: Marker, commits: Sequence[Commit]) -> Iterator[CommitShare]:
    """The same for commits in topological order, the oldest first, with a marker that has seen nothing yet."""
    marks = marker.marks
    for commit in reversed(commits):
        chunks, size = marks.chunks, marks.bytes
        marker.mark_manifests([commit.root])
        yield CommitShare(commit, marks.chunks - chunks, marks.bytes - size)
