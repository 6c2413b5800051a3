"""Sealing full packs behind the writer's back: index, fsync, name, and telling the view.

At most `_BEHIND` packs wait, so that a disk slower than its page cache slows the writer down instead of piling up
work for the flush.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from aidb.errors import ConcurrencyError
from aidb.store.backends.base import Backend
from aidb.store.indexes.view import IndexView
from aidb.store.packs.layout import PackId
from aidb.store.packs.pack_writer import PackWriter
from aidb.store.quarantine import Quarantine

_BEHIND = 3


class Publisher:
    """Puts packs under their names. Safe for threads."""

    def __init__(self, backend: Backend, view: IndexView, scratch: Callable[[], Path]) -> None:
        self._backend = backend
        self._view = view
        self._scratch = scratch
        self._room = threading.Semaphore(_BEHIND)
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: list[Future[None]] = []
        self._lock = threading.Lock()

    def publish(self, *packs: PackWriter) -> list[PackId]:
        """Seal packs, then store and announce them in this order; their chunks can be read when this returns."""
        try:
            # All are sealed first, so that the disk writes them together.
            sealed = [pack.seal() for pack in packs]
            for pack, (pack_id, section) in zip(packs, sealed, strict=True):
                if not self._backend.put(pack_id.key, pack.path):
                    # The same pack was there: perhaps as garbage, about to be collected.
                    self.keep([pack_id])
                self._view.add(pack_id, section)
        except BaseException:
            for pack in packs:
                pack.discard()
            raise
        return [pack_id for pack_id, _ in sealed]

    def keep(self, packs: Iterable[PackId]) -> None:
        """Make sure that packs which are relied on stay: garbage collection spares what was wanted lately.

        Raises ConcurrencyError if one is gone for good, as it is when somebody deleted it against the rules.
        """
        for pack in packs:
            if not Quarantine(self._backend).bring_back(pack):
                raise ConcurrencyError(
                    f"pack {pack} was removed while it was needed",
                    hints=("Run the same command again: what is missing will be stored again.",),
                )

    def publish_later(self, pack: PackWriter, then: Callable[[PackWriter, PackId], None]) -> None:
        """Publish in the background, then call `then` with the pack and its name. A failure is raised by `wait`."""
        self._room.acquire()
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, "aidb-publish")
            self._waiting.append(self._pool.submit(self._publish_in_background, pack, then))

    def wait(self) -> None:
        """Wait for what was to be published later; raise the first failure."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        failures = [error for future in waiting if (error := future.exception()) is not None]
        if failures:
            raise failures[0]

    def sync(self) -> None:
        """Everything published survives a power cut when this returns. Merges indexes if it is due."""
        self._backend.sync()
        self._view.merge(self._scratch)

    def close(self) -> None:
        """End the background thread; packs that already wait are still published."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def _publish_in_background(self, pack: PackWriter, then: Callable[[PackWriter, PackId], None]) -> None:
        try:
            then(pack, *self.publish(pack))
            self._view.merge(self._scratch)
        finally:
            self._room.release()
