"""aidb, in a repository."""

from __future__ import annotations

from pathlib import Path

import aidb
from benchmarks.tracking.drivers.base import PREFIX, Log

_COUNT = 'SELECT count(*) FROM cat.points JOIN cat.keys USING ("key") WHERE starts_with(name, ?)'


def create(place: Path) -> None:
    """Make the repository."""
    aidb.init(place).close()


class Tracker:
    """A run of aidb."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def start(self, name: str) -> Log:
        self._run = aidb.start_run("bench", name, repo=self._place)
        return self._run.log

    def start_rank(self, rank: int) -> Log:
        """One of several processes that log to the same run."""
        self._run = aidb.start_run("bench", id="ranks", rank=rank, repo=self._place)
        return self._run.log

    def finish(self) -> None:
        self._run.finish()

    def points(self) -> int:
        from aidb.metadata.catalog.catalog import Catalog  # which a process that logs never loads

        folder = self._place / ".aidb"
        catalog = Catalog(folder, lambda: folder / "tmp")
        catalog.fold()
        with catalog.reading() as connection:
            row = connection.execute(_COUNT, [PREFIX]).fetchone()
        return row[0] if row else 0
