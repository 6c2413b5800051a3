"""Questions about the shape of history, answered from commits' parents and times alone.

Walks go from newer to older by commit time, as Git's do. A history whose clocks ran backwards is still walked
completely; only the shortcut "everything left is older and common" relies on the times.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from aidb.types import CommitId
from aidb.versioning.commits import Links

ReadLinks = Callable[[CommitId], Links]
Parents = Callable[[CommitId], tuple[CommitId, ...]]

LEFT, RIGHT, STALE = 1, 2, 4
BOTH = LEFT | RIGHT


class TimeQueue:
    """Commits waiting to be visited, newest first; among equals, the one that came first."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, CommitId]] = []
        self._count = 0

    def push(self, commit: CommitId, time: int) -> None:
        heapq.heappush(self._heap, (-time, self._count, commit))
        self._count += 1

    def pop(self) -> CommitId:
        return heapq.heappop(self._heap)[2]

    def newest(self) -> int:
        return -self._heap[0][0]

    def __len__(self) -> int:
        return len(self._heap)


@dataclass(slots=True)
class Painted:
    """Which commits are reached from the left, the right, or both; STALE marks those below a common one."""

    flags: dict[CommitId, int]

    def only_left(self) -> list[CommitId]:
        return [commit for commit, flags in self.flags.items() if flags & BOTH == LEFT]

    def only_right(self) -> list[CommitId]:
        return [commit for commit, flags in self.flags.items() if flags & BOTH == RIGHT]

    def nearest_common(self) -> list[CommitId]:
        return [commit for commit, flags in self.flags.items() if flags == BOTH]


def paint(read: ReadLinks, left: Iterable[CommitId], right: Iterable[CommitId]) -> Painted:
    """Walk down from both sides until only common history is left."""
    walk = _Painting(read)
    for commit in left:
        walk.add(commit, LEFT)
    for commit in right:
        walk.add(commit, RIGHT)
    walk.run()
    return Painted(walk.flags)


class _Painting:
    def __init__(self, read: ReadLinks) -> None:
        self.flags: dict[CommitId, int] = {}
        self._read = read
        self._queue = TimeQueue()
        self._queued: set[CommitId] = set()
        self._fresh = 0
        self._oldest_one_sided: int | None = None

    def add(self, commit: CommitId, flags: int) -> None:
        before = self.flags.get(commit, 0)
        after = before | flags
        if after == before:
            return
        self.flags[commit] = after
        if commit in self._queued:
            self._fresh -= not before & STALE
        else:
            self._queue.push(commit, self._read(commit).time)
            self._queued.add(commit)
        self._fresh += not after & STALE

    def run(self) -> None:
        while self._queue and (self._fresh or self._may_reach_one_sided()):
            commit = self._queue.pop()
            self._queued.remove(commit)
            flags = self.flags[commit]
            self._fresh -= not flags & STALE
            links = self._read(commit)
            if flags & BOTH != BOTH:
                oldest = self._oldest_one_sided
                self._oldest_one_sided = links.time if oldest is None else min(oldest, links.time)
            else:
                flags |= STALE
            for parent in links.parents:
                self.add(parent, flags)

    def _may_reach_one_sided(self) -> bool:
        """Common history that is newer than something one-sided may still turn out to lie above it."""
        return self._oldest_one_sided is not None and self._queue.newest() >= self._oldest_one_sided


def merge_bases(read: ReadLinks, one: CommitId, others: Iterable[CommitId]) -> list[CommitId]:
    """The best common ancestors of `one` and a (hypothetical) merge of `others`, newest first; usually one."""
    found = paint(read, [one], others).nearest_common()
    if len(found) > 1:
        found = [c for c in found if not any(o != c and is_ancestor(read, c, o) for o in found)]
    return sorted(found, key=lambda commit: (-read(commit).time, commit))


def is_ancestor(read: ReadLinks, commit: CommitId, of: CommitId) -> bool:
    """Whether `commit` is `of` or lies in its history."""
    return commit == of or paint(read, [commit], [of]).flags[commit] & BOTH == BOTH


def ahead_behind(read: ReadLinks, one: CommitId, other: CommitId) -> tuple[int, int]:
    """How many commits `one` has that `other` lacks, and the other way round."""
    painted = paint(read, [one], [other])
    return len(painted.only_left()), len(painted.only_right())


def in_time_order(
    read: ReadLinks,
    starts: Iterable[CommitId],
    hide: Iterable[CommitId] = (),
    *,
    parents: Parents | None = None,
) -> Iterator[CommitId]:
    """The history of `starts` without that of `hide`, newest first. Streams, unless something is hidden.

    `parents` says where to go on from a commit, if not to all of its parents. Commits of the same second are put in
    order by parentage: quick machines make many.
    """
    follow = parents or (lambda commit: read(commit).parents)
    starts, hide = list(dict.fromkeys(starts)), list(hide)
    shown = set(paint(read, starts, hide).only_left()) if hide else None
    queue = TimeQueue()
    seen: set[CommitId] = set()

    def enqueue(commits: Iterable[CommitId]) -> None:
        for commit in commits:
            if commit not in seen and (shown is None or commit in shown):
                seen.add(commit)
                queue.push(commit, read(commit).time)

    enqueue(starts)
    while queue:
        second = queue.newest()
        batch = []
        while queue and queue.newest() == second:
            batch.append(queue.pop())
            enqueue(follow(batch[-1]))
        yield from children_first(batch, follow) if len(batch) > 1 else batch


def in_topological_order(
    read: ReadLinks,
    starts: Iterable[CommitId],
    hide: Iterable[CommitId] = (),
    *,
    parents: Parents | None = None,
) -> Iterator[CommitId]:
    """As `in_time_order`, but every commit before all of its parents, and lines of history in one piece."""
    commits = list(in_time_order(read, starts, hide, parents=parents))
    yield from children_first(commits, parents or (lambda commit: read(commit).parents))


def children_first(commits: list[CommitId], parents: Parents) -> Iterator[CommitId]:
    """Order `commits` so that each comes before its parents; keeps one line of history together."""
    waiting = dict.fromkeys(commits, 0)
    for commit in commits:
        for parent in parents(commit):
            if parent in waiting:
                waiting[parent] += 1
    ready = [commit for commit in reversed(commits) if waiting[commit] == 0]
    while ready:
        commit = ready.pop()
        yield commit
        for parent in parents(commit):
            if parent in waiting:
                waiting[parent] -= 1
                if waiting[parent] == 0:
                    ready.append(parent)
