"""The leaves that were looked into lately, found again by path without going down the tree.

A leaf gets here after a cursor has compared it with all that its parents say, so nothing is believed that was not
checked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from aidb.versioning.manifest.node import Leaf

_MOST = 2048
"""Some 30 MiB, about what `NodeCache` holds as well."""


class RecentLeaves:
    """At most `_MOST` of them, then it begins anew. Threads may share one: what is known is replaced, never changed."""

    def __init__(self) -> None:
        self._known: tuple[list[bytes], list[bytes], list[Leaf]] = ([], [], [])

    def find(self, path: bytes) -> Leaf | None:
        """The leaf that holds `path`, or would, if it is known."""
        firsts, uppers, leaves = self._known
        at = bisect_right(firsts, path) - 1
        return leaves[at] if at >= 0 and path < uppers[at] else None

    def add(self, first: bytes, upper: bytes, leaf: Leaf) -> None:
        """The leaf of the paths from `first` up to `upper`."""
        firsts, uppers, leaves = self._known if len(self._known[0]) < _MOST else ([], [], [])
        at = bisect_left(firsts, first)
        if at == len(firsts) or firsts[at] != first:
            self._known = (
                [*firsts[:at], first, *firsts[at:]],
                [*uppers[:at], upper, *uppers[at:]],
                [*leaves[:at], leaf, *leaves[at:]],
            )
