"""One state of a view: which indexes are used, and what to search. Never changed; a new one takes its place."""

from __future__ import annotations

from collections.abc import Mapping

from aidb.store.indexes.segment import Segment
from aidb.store.packs.layout import PackId


class Picture:
    """The segments of a backend at some moment.

    `single`: packs that are searched by their own index. `merged`: merged indexes by key. `redundant`: those whose
    packs are all in larger ones. `unusable`: those that name a pack that is gone; of no use to readers, but fsck learns
    from them what is lost.
    """

    def __init__(
        self,
        single: Mapping[PackId, Segment],
        merged: Mapping[str, Segment],
        redundant: frozenset[str] = frozenset(),
        unusable: frozenset[str] = frozenset(),
    ) -> None:
        self.single = single
        self.merged = merged
        self.redundant = redundant
        self.unusable = unusable
        filled = [segment for segment in (*merged.values(), *single.values()) if segment.columns.rows]
        self.segments = tuple(sorted(filled, key=lambda segment: -segment.columns.rows))

    def packs(self) -> list[PackId]:
        """Every pack, once."""
        merged = (pack for segment in self.merged.values() for pack in segment.packs)
        return list(dict.fromkeys([*merged, *self.single]))

    def with_pack(self, pack: PackId, segment: Segment) -> Picture:
        """One more pack."""
        return Picture({**self.single, pack: segment}, self.merged, self.redundant, self.unusable)

    def with_merged(self, key: str, segment: Segment, taken: set[int]) -> Picture:
        """A merged index instead of the segments (by identity) that it was made from."""
        single = {pack: each for pack, each in self.single.items() if id(each) not in taken}
        merged = {name: each for name, each in self.merged.items() if id(each) not in taken}
        return Picture(single, {**merged, key: segment}, frozenset(), self.unusable)


EMPTY = Picture({}, {})


def select(loaded: Mapping[str, Segment], packs: set[PackId]) -> Picture:
    """Which merged indexes to use for these packs, the largest first. The packs in none of them are left out yet."""
    merged: dict[str, Segment] = {}
    redundant, unusable = set(), set()
    covered: set[PackId] = set()
    for key, segment in sorted(loaded.items(), key=lambda item: (-item[1].columns.rows, item[0])):
        mine = set(segment.packs)
        if not mine <= packs:
            unusable.add(key)
        elif mine <= covered:
            redundant.add(key)
        else:
            merged[key] = segment
            covered |= mine
    return Picture({}, merged, frozenset(redundant), frozenset(unusable))
