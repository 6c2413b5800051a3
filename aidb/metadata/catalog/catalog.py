"""The catalog as its readers have it: the published database, with what journals said since in memory on top.

    with catalog.reading() as connection:
        connection.execute("FROM cat.runs")

Every reading begins with a look at the journals. Where much is new and nobody else is at it, the reader folds it in.
Readers take no lock that another could wait for: who folds works on a copy.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.errors import ConcurrencyError, LockedError, StorageError
from aidb.files import file_lock
from aidb.metadata import duck
from aidb.metadata.catalog import layout, published
from aidb.metadata.catalog.fold import News, fold
from aidb.metadata.catalog.looking import Look, Seen, glance
from aidb.metadata.catalog.overlay import Overlay
from aidb.metadata.catalog.reading import read_run
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
        self._news = News()
        self._can_fold = True

    @contextlib.contextmanager
    def reading(self) -> Iterator[DuckDBPyConnection]:
        """A connection whose schema `cat` shows everything logged until now."""
        with self._turn:
            yield self._refreshed().connection

    def fold(self) -> None:
        """Fold in whatever is new, little or much, waiting for another process that is at it."""
        with self._turn:
            self._refreshed()
            if self._news:
                self._fold(patience=_PATIENCE)

    def close(self) -> None:
        """Let go of the files."""
        with self._turn:
            if self._overlay is not None:
                self._overlay.close()
                self._overlay = None

    # Keeping up

    def _refreshed(self) -> Overlay:
        overlay = self._overlay
        if overlay is None or published.current(self._folder) != overlay.base:
            overlay = self._open()
        self._catch_up()
        return self._overlay or overlay

    def _open(self) -> Overlay:
        """Show what is published now; the news are read again from there."""
        self.close()
        self._overlay = overlay = Overlay(self._folder, self._scratch() / "catalog-spill")
        self._seen, self._keys, self._next_run = overlay.seen(), overlay.keys(), overlay.next_run()
        self._news = News()
        return overlay

    def _catch_up(self) -> None:
        """Read what is new, folding whenever it is too much to be kept in memory."""
        found = glance(self._runs, self._seen)
        self._forget(self._seen.keys() - found.names)
        for start in range(0, len(found.changed), _CHUNK):
            chunk = found.changed[start : start + _CHUNK]
            records = self._records(chunk)
            for look in chunk:
                self._read(look, records.get(look.id))
                if self._news.count >= BATCH and self._can_fold:
                    self._fold(patience=_PATIENCE)
                    # Numbers of runs may have been given anew by whoever was first.
                    records = self._records(chunk)
        if self._news.count >= FOLD_POINTS or len(self._news.records) >= FOLD_RUNS:
            self._fold(patience=0.0)
        self._show()
