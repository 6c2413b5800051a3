"""What a repository holds and what it takes: the numbers behind `aidb du`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aidb.store import ObjectStore
    from aidb.versioning.engine import Engine


@dataclass(frozen=True, slots=True)
class Usage:
    """Totals over all versions that a ref or reflog reaches. Bytes, all of them."""

    commits: int
    version_bytes: int
    """The sum of the sizes of all versions, as if each had been copied."""
    content_bytes: int
    """The distinct content: what is left after deduplication, before compression."""
    stored_bytes: int
    """What the packs take on disk."""
    packs: int

    @property
    def saved(self) -> float:
        """The part of `version_bytes` that need not be stored, 0.0 to 1.0."""
        return 1 - self.stored_bytes / self.version_bytes if self.version_bytes > self.stored_bytes else 0.0


def usage(engine: Engine, store: ObjectStore) -> Usage:
    """Add up every reachable commit once, and ask the store for its totals."""
    sizes = [commit.bytes for commit in engine.walk(engine.roots())]
    stored = store.usage()
    return Usage(len(sizes), sum(sizes), stored.raw_bytes, stored.stored_bytes, stored.packs)
