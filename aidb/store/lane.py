"""The pack being filled for one kind of chunk, shared by the threads of one writer.

A chunk is *claimed* by the first thread that wants to store it; others take it for stored. So a pack may only be sealed
for a flush when no claim is still on its way into a pack: `take` waits for that.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.store.packs.layout import PackKind
from aidb.store.packs.pack_writer import PackWriter
from aidb.types import ObjectId

if TYPE_CHECKING:
    Bytes = bytes | bytearray | memoryview


class Lane:
    """One open pack at a time. Safe for threads."""

    def __init__(self, kind: PackKind, scratch: Callable[[], Path]) -> None:
        self._kind = kind
        self._scratch = scratch
        self._pack: PackWriter | None = None
        self._claimed: set[bytes] = set()
        self._active = 0
        self._taking = False
        self._state = threading.Condition()
        self._appending = threading.Lock()
        self.stored_bytes = 0

    @contextlib.contextmanager
    def claim(self, ids: Sequence[ObjectId], known: Sequence[bool]) -> Iterator[Sequence[int]]:
        """Positions of the ids that this thread must store, inside the block, because nobody has."""
        with self._state:
            self._state.wait_for(lambda: not self._taking)
            self._active += 1
            fresh = self._unclaimed(ids, known)
        try:
            yield fresh
        finally:
            with self._state:
                self._active -= 1
                self._state.notify_all()

    def append(
        self, ids: Sequence[ObjectId], raw: Sequence[int], codecs: Sequence[int], stored: Sequence[Bytes]
    ) -> PackWriter | None:
        """Write chunks to the open pack; the pack, if that has filled it and it must be published."""
        with self._appending:
            if self._pack is None:
                self._pack = PackWriter(self._scratch(), self._kind)
            self._pack.append_columns(ids, raw, codecs, stored)
            self.stored_bytes += sum(map(len, stored))
            return self._detach() if self._pack.is_full else None

    def take(self) -> PackWriter | None:
        """The open pack with everything claimed so far, to be published."""
        with self._state:
            self._taking = True
            try:
                self._state.wait_for(lambda: not self._active)
                with self._appending:
                    return self._detach()
            finally:
                self._taking = False
                self._state.notify_all()

    def forget(self, ids: Iterable[bytes]) -> None:
        """These chunks are in a published pack now: the indexes know them."""
        with self._state:
            self._claimed.difference_update(ids)

    def discard(self) -> None:
        """Remove the open pack."""
        with self._appending:
            pack = self._detach()
        if pack is not None:
            pack.discard()

    def _unclaimed(self, ids: Sequence[ObjectId], known: Sequence[bool]) -> Sequence[int]:
        claimed = self._claimed
        if not any(known) and claimed.isdisjoint(ids) and len(set(ids)) == len(ids):
            claimed.update(ids)
            return range(len(ids))
        fresh = []
        for position, id_ in enumerate(ids):
            if not known[position] and id_ not in claimed:
                claimed.add(id_)
                fresh.append(position)
        return fresh

    def _detach(self) -> PackWriter | None:
        pack, self._pack = self._pack, None
        return pack
