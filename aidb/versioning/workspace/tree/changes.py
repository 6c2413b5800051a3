"""Changes to carry out that can be gone through several times without holding millions of them in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aidb.types import ObjectId
    from aidb.versioning.manifest import Change

    Roots = tuple[ObjectId | None, ObjectId | None]

KEPT = 200_000


class Changes:
    """What `make` gives, in path order; kept after the first time unless it is very much.

    `roots` are the two versions that they lie between, if that is all they are.
    """

    def __init__(self, make: Callable[[], Iterable[Change]], roots: Roots | None = None) -> None:
        self._make = make
        self.roots = roots
        self._kept: list[Change] | None = None

    def __iter__(self) -> Iterator[Change]:
        if self._kept is not None:
            return iter(self._kept)
        return self._first_time()

    def _first_time(self) -> Iterator[Change]:
        kept: list[Change] = []
        for change in self._make():
            if len(kept) <= KEPT:
                kept.append(change)
            yield change
        if len(kept) <= KEPT:
            self._kept = kept
