"""MLflow as it is installed: an SQLite database."""

from __future__ import annotations

from pathlib import Path

from benchmarks.tracking.drivers import with_mlflow


class Tracker(with_mlflow.Tracker):
    """MLflow whose store is a database file."""

    @staticmethod
    def uri(place: Path) -> str:
        return f"sqlite:///{place}/mlflow.db"
