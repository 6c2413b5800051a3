"""The trackers that are measured: how each is found, and how it was set up."""

from __future__ import annotations

import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.targets import AIDB

PLAIN = "JSON lines"
"""The plain limit, which is no tracker: nothing is checked, captured, or brought to the disk."""


@dataclass(frozen=True, slots=True)
class Tracker:
    """One tracker: its driver `drivers/with_<driver>.py`, and the package that tells its version, if it is one."""

    name: str
    driver: str
    package: str | None
    note: str

    def python(self, trackers: Path | None) -> str | None:
        """The Python that runs it: ours for aidb and the plain limit, else that of the environment `trackers`."""
        if self.name in (AIDB, PLAIN):
            return sys.executable
        python = trackers / "bin" / "python" if trackers else None
        return str(python) if python and python.exists() else None

    def version(self, trackers: Path | None) -> str | None:
        """The version that is installed; None where it is not."""
        python = self.python(trackers)
        if python is None:
            return None
        if self.package is None:
            return platform.python_version()
        probe = f"import importlib.metadata as m; print(m.version({self.package!r}))"
        done = subprocess.run([python, "-c", probe], check=False, capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else None


TRACKERS: tuple[Tracker, ...] = (
    Tracker(
        AIDB,
        "aidb",
        "aidb",
        "defaults, all capture on; one write for each call, an fdatasync each second",
    ),
    Tracker("Trackio", "trackio", "trackio", "defaults, local; calls go to a queue that a thread empties"),
    Tracker("W&B", "wandb", "wandb", "offline, else defaults; calls go to a process of its own"),
    Tracker(
        "TensorBoard",
        "tensorboard",
        "tensorboardX",
        "SummaryWriter of tensorboardX, one add_scalar for each number; calls go to a queue that a thread empties",
    ),
    Tracker("MLflow", "mlflow_sqlite", "mlflow", "defaults: an SQLite database; log_metrics, which waits"),
    Tracker("MLflow files", "mlflow", "mlflow", "its older file store; log_metrics, which waits"),
    Tracker(
        "Aim", "aim", "aim", "defaults; read after `aim storage reindex`, without which nothing is found"
    ),
    Tracker(PLAIN, "json", None, "json.dumps and one write for each call, nothing else; what a file costs"),
)
