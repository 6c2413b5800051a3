"""Aim, in a local repository."""

from __future__ import annotations

from pathlib import Path

from aim import Repo, Run

from benchmarks.tracking.drivers.base import PREFIX, Log


class Tracker:
    """A run of Aim; its repository is made by the first run if nobody has yet."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def start(self, name: str) -> Log:
        self._run = Run(repo=str(self._place), experiment="bench")
        self._run.name = name
        log: Log = self._run.track
        return log

    def finish(self) -> None:
        self._run.close()

    def points(self) -> int:
        repo = Repo.from_path(str(self._place))
        repo._recreate_index()  # what `aim storage reindex` does: without it nothing is found
        return sum(
            len(metric.values.sparse_numpy()[0])
            for run in repo.iter_runs()
            for metric in run.metrics()
            if metric.name.startswith(PREFIX)
        )
