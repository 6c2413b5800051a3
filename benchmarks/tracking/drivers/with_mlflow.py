"""MLflow with its file store."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"  # since 3.17 it asks for that

import mlflow

from benchmarks.tracking.drivers.base import PREFIX, Log


class Tracker:
    """Keeps each metric of a run in a text file of its own."""

    def __init__(self, place: Path) -> None:
        mlflow.set_tracking_uri(self.uri(place))

    @staticmethod
    def uri(place: Path) -> str:
        """Where MLflow finds its store."""
        return place.as_uri()

    def start(self, name: str) -> Log:
        mlflow.set_experiment("bench")
        mlflow.start_run(run_name=name)
        log: Log = mlflow.log_metrics
        return log

    def finish(self) -> None:
        mlflow.end_run()

    def points(self) -> int:
        client = mlflow.MlflowClient()
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        return sum(
            len(client.get_metric_history(run.info.run_id, key))
            for run in client.search_runs(experiments)
            for key in run.data.metrics
            if key.startswith(PREFIX)
        )
