"""`gc`: look what nothing needs, and take it away in two steps, so that a mistake or a race loses nothing.

First garbage is set aside (quarantine), where it can be brought back from; a later collection deletes it, once the
grace period has passed and every session that was live then has ended. Whatever is missing or damaged on the way from
a root to a chunk stops it: with partial knowledge nothing is removed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import IntegrityError, RefusedError
from aidb.files import file_lock
from aidb.progress import SILENT, Progress
from aidb.versioning.garbage.marking import Marker
from aidb.versioning.garbage.roots import Roots, Source, find_all, sources
from aidb.versioning.workspace.report import counted

if TYPE_CHECKING:
    from aidb.files import Session
    from aidb.store import ObjectStore
    from aidb.store.garbage.collecting import Collected
    from aidb.store.garbage.marks import Marks
    from aidb.store.garbage.plan import Plan
    from aidb.store.quarantine import Kept
    from aidb.versioning.engine import Engine
    from aidb.versioning.workspace import Workspace

GRACE = timedelta(weeks=2)
"""How long garbage is spared after it was written or wanted, and kept after it was set aside."""
_SKEW = 600.0
"""Seconds by which the clocks of hosts that share a repository may differ."""


class KeptBy(NamedTuple):
    """What a source of roots keeps, beyond the sources before it. Bytes are as stored."""

    source: str
    chunks: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Garbage:
    """What a collection would do. Bytes are as stored."""

    commits: int
    kept: tuple[KeptBy, ...]
    plan: Plan
    quarantined: tuple[Kept, ...]
    """What is in quarantine already,"""
    expired: tuple[Kept, ...]
    """and those of it that would be deleted."""
    brought_back: tuple[Kept, ...]
    """Packs that were in quarantine and turned out to be needed."""

    @property
    def kept_chunks(self) -> int:
        return sum(one.chunks for one in self.kept)

    @property
    def kept_bytes(self) -> int:
        return sum(one.bytes for one in self.kept)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a collection did: what it had found, what it set aside, what it deleted, and reflog entries dropped."""

    garbage: Garbage
    collected: Collected
    deleted: tuple[Kept, ...]
    forgotten: int
    held_up: bool
    """Without a grace period: whether somebody began to work meanwhile, so that what was set aside stays there."""


class Collection:
    """Garbage collection of one repository: `repo.garbage.look()`, `.prune()`, `.undo()`."""

    def __init__(
        self, engine: Engine, store: ObjectStore, workspace: Workspace, session: Session, locks: Path
    ) -> None:
        self._engine = engine
        self._store = store
        self._workspace = workspace
        self._session = session
        self._locks = locks

    def look(
        self,
        *,
        grace: timedelta = GRACE,
        thorough: bool = False,
        moves_since: datetime | None = None,
        progress: Progress = SILENT,
    ) -> Garbage:
        """What `prune` would do with the same arguments. Nothing is removed.

        Raises IntegrityError if something that is needed is missing or damaged.
        """
        cutoff = self._cutoff(grace, datetime.now().astimezone())
        with self._or_nothing():
            _, garbage, _ = self._judge(cutoff, thorough, moves_since, progress)
        return garbage

    def prune(
        self,
        *,
        grace: timedelta = GRACE,
        thorough: bool = False,
        moves_since: datetime | None = None,
        progress: Progress = SILENT,
    ) -> Pruned:
        """Set garbage aside that is older than `grace`, and delete what was set aside longer ago than that.

        `thorough`: also write packs anew that are nearly all in use. `moves_since`: drop older reflog entries and
        operations first. Without a grace period garbage is deleted at once; that is refused (RefusedError) while
        anybody else writes.
        """
        with self._turn():
            now = datetime.now().astimezone()
            cutoff = self._cutoff(grace, now)
            collector = self._store.collector()
            collector.settle_unfinished()
            with self._or_nothing():
                marks, garbage, roots = self._judge(cutoff, thorough, moves_since, progress)
                # Marked as if they were gone, dropped when that went well.
                forgotten = 0 if moves_since is None else self._forget(moves_since)
                collected = collector.collect(marks, garbage.plan, cutoff=cutoff, now=now, progress=progress)
            deleted = collector.delete(garbage.expired)
            held_up = False
            if not grace and collected.packs:
                held_up = bool(self._session.others()) or self._find(moves_since) != roots
                deleted += [] if held_up else collector.delete(collected.packs)
            return Pruned(garbage, collected, tuple(deleted), forgotten, held_up)

    def undo(self) -> list[Kept]:
        """Bring back what the last collection set aside, if it has not been deleted; the packs that came back."""
        with self._turn():
            return self._store.collector().undo()

    def _judge(
        self, cutoff: float, thorough: bool, moves_since: datetime | None, progress: Progress
    ) -> tuple[Marks, Garbage, list[Roots]]:
        from aidb.store.garbage.plan import THRESHOLD

        before = self._store.quarantined()
        roots = self._find(moves_since)
        # The packs are looked at after the roots were read: what those need is there.
        marks = self._store.marks()
        kept = []
        with Marker(self._engine, self._store, marks, progress) as marker:
            for source, each in zip(self._sources(moves_since), roots, strict=True):
                chunks, size = marks.chunks, marks.bytes
                marker.mark(each)
                kept.append(KeptBy(source.name, marks.chunks - chunks, marks.bytes - size))
        threshold = 0.0 if thorough else THRESHOLD
        chunks, size = sum(one.chunks for one in kept), sum(one.bytes for one in kept)
        plan = self._store.plan_collection(marks, cutoff, threshold)
        if marks.chunks > chunks:
            kept.append(KeptBy("differences to it", marks.chunks - chunks, marks.bytes - size))
        left = self._store.quarantined()
        garbage = Garbage(
            commits=len(marker.commits),
            kept=tuple(kept),
            plan=plan,
            quarantined=tuple(left),
            expired=tuple(one for one in left if one.since < cutoff),
            brought_back=tuple(one for one in before if one not in left),
        )
        return marks, garbage, roots

    def _forget(self, since: datetime) -> int:
        """Drop older moves of refs and the operations that they were part of; how many moves that were."""
        self._workspace.operation_log.forget(since)
        return self._engine.forget_moves(since)

    def _find(self, moves_since: datetime | None) -> list[Roots]:
        return find_all(self._sources(moves_since))

    def _sources(self, moves_since: datetime | None) -> list[Source]:
        return sources(self._engine, self._workspace, moves_since=moves_since)

    def _cutoff(self, grace: timedelta, now: datetime) -> float:
        """What was written or wanted at this moment or later is spared: all that a live session may be at work on."""
        others = self._session.others()
        if grace:
            mine = self._session.began
            began = others if mine is None else [*others, mine]
            return min([now.timestamp() - grace.total_seconds(), *(moment - _SKEW for moment in began)])
        if others:
            raise RefusedError(
                f"{counted(len(others), 'other session')} may be writing: without a grace period, what is written now"
                " could be lost",
                hints=(
                    "Run it again when they have ended.",
                    "Or keep a grace period: `aidb gc --prune --grace 1d`.",
                ),
            )
        return now.timestamp()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        with file_lock(self._locks / "gc", what="garbage collection", timeout=0.0):
            yield

    @contextlib.contextmanager
    def _or_nothing(self) -> Iterator[None]:
        """Say that damage stopped the collection before anything was removed."""
        try:
            yield
        except IntegrityError as error:
            raise type(error)(
                f"nothing was removed, because not all that is needed can be read: {error.message}",
                hints=(
                    "`aidb fsck` tells what is affected, `aidb fsck --repair` brings back what it can.",
                    "A version that cannot be repaired stands in the way until its branch, tag or reflog is deleted.",
                ),
            ) from error
