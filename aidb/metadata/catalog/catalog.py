"""The catalog as its readers have it: the published database, with what journals said since in memory on top.

    with catalog.reading() as connection:
        connection.execute("FROM cat.runs")

Every reading begins with a look at the journals. Where much is new and nobody else is at it, the reader folds it in.
Readers take no lock that another could wait for: who folds works on a copy.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.errors import LockedError, StorageError
from aidb.files import file_lock
from aidb.metadata.catalog import published
from aidb.metadata.catalog.fold import fold
from aidb.metadata.catalog.looking import Look, Seen, glance
from aidb.metadata.catalog.news import News
from aidb.metadata.catalog.overlay import Overlay
from aidb.metadata.catalog.reading import Reading, read_run
from aidb.metadata.catalog.record import Record

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FOLD_POINTS = 200_000
"""New points from which on they are folded in."""
FOLD_RUNS = 64
"""New or changed runs from which on they are folded in."""
BATCH = 3_000_000
"""Points that are held in memory at most before they are folded in."""
_CHUNK = 256
"""Runs whose records are fetched at once."""
_PATIENCE = 600.0
"""Seconds to wait for another process that folds, where memory does not allow to go on without it."""


_ATTEMPTS = 5
"""Times that reading begins anew because another process published what was just read."""


class _OvertakenError(Exception):
    """Another process has published a catalog since this one was opened."""


class Catalog:
    """The catalog of one repository. Safe to use from several threads, which take turns."""

    def __init__(self, folder: Path, scratch: Callable[[], Path]) -> None:
        """`folder` is `.aidb`; `scratch` gives a folder for temporary files."""
        self._runs = folder / "runs"
        self._folder = folder / "catalog"
        self._lock_file = folder / "locks" / "catalog"
        self._scratch = scratch
        self._turn = threading.RLock()
        self._overlay: Overlay | None = None
        self._seen: dict[str, Seen] = {}
        self._keys: dict[str, int] = {}
        self._next_run = 1
        self._news, self._unshown = News(), News()
        self._can_fold = True

    @contextlib.contextmanager
    def reading(self) -> Iterator[DuckDBPyConnection]:
        """A connection whose schema `cat` shows everything logged until now."""
        with self._turn:
            yield self._refreshed().connection

    def segments(self) -> list[str]:
        """The schemas with `points` and `bins` behind the connection of a reading that is under way."""
        return [] if self._overlay is None else [f"s{at}" for at in range(len(self._overlay.segments))]

    def fold(self) -> None:
        """Fold in whatever is new, little or much, waiting for another process that is at it."""
        with self._turn:
            with contextlib.suppress(_OvertakenError):  # then somebody else has folded just now
                self._refreshed()
                if self._news:
                    self._fold(_PATIENCE)
            self._refreshed()

    def close(self) -> None:
        """Let go of the files."""
        with self._turn:
            if self._overlay is not None:
                self._overlay.close()
                self._overlay = None

    # Keeping up

    def _refreshed(self) -> Overlay:
        """What is published, with all news on top."""
        for _ in range(_ATTEMPTS):
            if self._overlay is None or published.current(self._folder) != self._overlay.found:
                self._open()
            try:
                return self._caught_up()
            except _OvertakenError:
                self._open()
        self._can_fold = False  # somebody is always faster: leave it to them
        return self._caught_up()

    def _open(self) -> Overlay:
        """Show what is published now; the news are read again from there."""
        self.close()
        self._overlay = overlay = Overlay(self._folder, self._scratch() / "catalog-spill")
        self._seen, self._keys, self._next_run = overlay.seen, overlay.keys(), overlay.next_run()
        self._news, self._unshown = News(), News()
        return overlay

    def _caught_up(self) -> Overlay:
        """Read what is new, folding whenever it is too much to be kept in memory."""
        found = glance(self._runs, self._seen)
        for gone in self._seen.keys() - found.names:
            self._forget(gone)
        for start in range(0, len(found.changed), _CHUNK):
            chunk = found.changed[start : start + _CHUNK]
            records = self._records(chunk)
            for look in chunk:
                self._read(look, records.get(look.id))
        if self._news.count >= FOLD_POINTS or self._news.changes >= FOLD_RUNS:
            self._fold(0.0)
        return self._shown()

    def _records(self, looks: Sequence[Look]) -> dict[str, Record]:
        """What is known of these runs."""
        overlay = self._overlay or self._open()
        known = [self._seen[look.id].run for look in looks if look.id in self._seen]
        published = {record.id: record for record in overlay.records(known).values()}
        return published | {
            look.id: self._news.records[look.id] for look in looks if look.id in self._news.records
        }

    def _read(self, look: Look, record: Record | None) -> None:
        while True:
            reading = read_run(self._runs, look, record, self._next_run)
            self._take(reading, record, look)
            record = reading.record
            if self._news.count >= BATCH:
                self._fold(_PATIENCE)
            if not reading.more:
                return

    def _take(self, reading: Reading, before: Record | None, look: Look) -> None:
        """Add to the news what was read of a run."""
        record = reading.record
        self._next_run = max(self._next_run, record.run + 1)
        outdated = {record.run} if before is None or reading.anew is False else {record.run, before.run}
        settled = record.ending is not None and not (reading.live or reading.more or look.is_racy)
        seen = Seen(record.run, look.changed, settled, reading.live, {} if reading.more else look.sizes)
        points = {(record.run, self._key(key)): parts for key, parts in reading.series.items()}
        self._seen[look.id] = seen
        for news in (self._news, self._unshown):
            news.add(record, outdated, points)

    def _key(self, name: str) -> int:
        """The number of a key; a new one for a key that was never seen."""
        number = self._keys.get(name)
        if number is None:
            number = self._keys[name] = len(self._keys) + 1
            self._news.keys[name] = self._unshown.keys[name] = number
        return number

    def _forget(self, gone: str) -> None:
        """A run has been taken away."""
        number = self._seen.pop(gone).run
        for news in (self._news, self._unshown):
            news.remove(gone, number)

    def _fold(self, patience: float) -> bool:
        """Fold in the news and open what that gives; False if somebody else is at it, or the disk takes nothing."""
        overlay = self._overlay
        if overlay is None or not self._can_fold:
            return False
        try:
            with file_lock(self._lock_file, what="the catalog", timeout=patience):
                if published.current(self._folder) != overlay.found:
                    raise _OvertakenError
                fold(self._folder, self._scratch(), overlay.base, self._seen, self._news)
        except LockedError:
            return False
        except StorageError:
            self._can_fold = False  # a folder that cannot be written to, or a full disk: memory has to do
            return False
        self._open()
        return True

    def _shown(self) -> Overlay:
        overlay = self._overlay or self._open()
        if self._unshown:
            overlay.show(self._unshown, self._news.replaced)
            self._unshown = News()
        return overlay
