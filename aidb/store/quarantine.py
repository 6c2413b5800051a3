"""Packs set aside by garbage collection: out of the way, but not gone.

A *batch* is what one collection set aside together; its name begins with the time. A pack in quarantine is not
searched, so nobody begins to rely on it; a reader that misses a chunk, and a writer that relied on a pack before it was
set aside, bring it back. See `docs/design/033-garbage.md`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from aidb.errors import IntegrityError, NotFoundError, StorageError
from aidb.store.backends.base import Backend
from aidb.store.indexes.columns import decode_index
from aidb.store.indexes.segment import Segment
from aidb.store.packs.layout import PackId, parse_pack_key
from aidb.store.packs.pack_reader import read_index
from aidb.types import ObjectId

QUARANTINE = "quarantine/"
_ATTEMPTS = 5
_TIME = "%Y%m%dT%H%M%S%fZ"


class Kept(NamedTuple):
    """A pack in quarantine: the batch it belongs to, its size, when it was last wanted (seconds since 1970)."""

    batch: str
    pack: PackId
    size: int
    modified: float

    @property
    def key(self) -> str:
        """Where a backend has it."""
        return f"{QUARANTINE}{self.batch}.{self.pack}"

    @property
    def since(self) -> float:
        """When it was set aside, in seconds since 1970: from then on nobody began to rely on it."""
        return max(batch_time(self.batch).timestamp(), self.modified)


def new_batch(now: datetime) -> str:
    """A name for a batch, later than all before it."""
    return f"{now.astimezone(UTC):{_TIME}}-{os.urandom(2).hex()}"


def batch_time(batch: str) -> datetime:
    """When a batch was set aside. Raises ValueError for what is no batch's name."""
    return datetime.strptime(batch.partition("-")[0], _TIME).replace(tzinfo=UTC)


class Quarantine:
    """The quarantine of one backend."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def packs(self) -> list[Kept]:
        """What is in quarantine, the oldest batch first."""
        found = (
            _parse(stored.key, stored.size, stored.modified) for stored in self._backend.list(QUARANTINE)
        )
        return sorted(kept for kept in found if kept is not None)

    def set_aside(self, pack: PackId, batch: str) -> bool:
        """Take a pack from where it is searched. False if it is not there."""
        return self._backend.move(pack.key, Kept(batch, pack, 0, 0.0).key)

    def settle(self, packs: Sequence[Kept]) -> None:
        """Date packs by this moment, when all of a batch are out of the way."""
        for kept in packs:
            self._backend.touch(kept.key)

    def bring_back(self, pack: PackId) -> bool:
        """See to it that a pack is searched again, as wanted now. False if it is gone for good.

        Others may move it to and fro meanwhile: it is looked for until it stays.
        """
        for _ in range(_ATTEMPTS):
            if self._backend.touch(pack.key):
                return True
            for kept in reversed(self.packs()):
                if kept.pack == pack:
                    self._backend.move(kept.key, pack.key)
        return self._backend.touch(pack.key)

    def remove(self, kept: Kept) -> None:
        """Delete a pack for good."""
        self._backend.delete(kept.key)

    def holding(self, ids: Sequence[ObjectId]) -> Iterator[Kept]:
        """Packs that hold any of these chunks, newest batch first; each chunk is looked for until it is found."""
        missing = set(ids)
        for kept in reversed(self.packs()):
            if not missing:
                return
            segment = self._segment(kept)
            found = {id_ for id_ in missing if segment is not None and segment.find(id_) >= 0}
            if found:
                missing -= found
                yield kept

    def _segment(self, kept: Kept) -> Segment | None:
        try:
            return Segment(decode_index(read_index(self._backend, kept.pack, kept.key)), (kept.pack,))
        except (IntegrityError, NotFoundError, StorageError):
            return None


def _parse(key: str, size: int, modified: float) -> Kept | None:
    batch, _, name = key.removeprefix(QUARANTINE).partition(".")
    pack = parse_pack_key(name)
    try:
        batch_time(batch)
    except ValueError:
        return None
    return None if pack is None else Kept(batch, pack, size, modified)
