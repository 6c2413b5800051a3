"""Where data came from and what became of it: data, the runs that read it, what they made, who read that, and so on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Direction = Literal["up", "down"]


class Version(NamedTuple):
    """A path (empty: all) in a commit."""

    commit: str
    path: str


class Link(NamedTuple):
    """A run read or wrote a version; `revision` is how it was asked for, or the branch it was made on."""

    run: str
    direction: Literal["read", "write"]
    version: Version
    revision: str
    step: int | None


@dataclass(slots=True)
class Place:
    """One thing in a lineage, a run or a version, and what is `next` to it in the direction that is followed.

    What was met before is not followed again: it is `again`.
    """

    what: str | Version
    again: bool = False
    next: list[Place] = field(default_factory=list)


class Graph:
    """All links, for following."""

    def __init__(self, links: Iterable[Link]) -> None:
        self.links = list(links)
        self.runs: dict[str, list[Link]] = {}
        self._commits: dict[str, list[Link]] = {}
        for link in self.links:
            self.runs.setdefault(link.run, []).append(link)
            self._commits.setdefault(link.version.commit, []).append(link)

    def follow(self, start: str | Version, direction: Direction, depth: int | None = None) -> Place:
        """Everything that `start` came from (`up`) or that came of it (`down`), to a depth in steps."""
        top = Place(start)
        met = {start}
        waiting = deque([(top, 0)])
        while waiting:
            place, at = waiting.popleft()
            if depth is not None and at >= depth:
                continue
            for what in self._neighbours(place.what, direction):
                found = Place(what, again=what in met)
                place.next.append(found)
                if not found.again:
                    met.add(what)
                    waiting.append((found, at + 1))
        return top

    def _neighbours(self, what: str | Version, direction: Direction) -> list[str | Version]:
        to_version, to_run = ("read", "write") if direction == "up" else ("write", "read")
        if isinstance(what, str):
            found: list[str | Version] = [
                link.version for link in self.runs.get(what, ()) if link.direction == to_version
            ]
        else:
            found = [
                link.run for link in self.links if link.direction == to_run and touches(link.version, what)
            ]
        return list(dict.fromkeys(found))


def touches(one: Version, other: Version) -> bool:
    """Whether two versions have files in common: the same commit, and one path lies in the other."""
    return one.commit == other.commit and (inside(one.path, other.path) or inside(other.path, one.path))


def inside(path: str, folder: str) -> bool:
    """Whether `path` is `folder`, or lies in it."""
    return not folder or path == folder or path.startswith(folder + "/")
