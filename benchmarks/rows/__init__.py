"""The rows of the table, grouped by the workload they belong to."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.rows import (
    checkpoints,
    commits,
    direct,
    epoch,
    garbage,
    large,
    manifest,
    small,
    startup,
    tables,
)
from benchmarks.rows.base import Row, Workload

WORKLOADS: tuple[Workload[Bench], ...] = (
    small.WORKLOAD,
    large.WORKLOAD,
    checkpoints.WORKLOAD,
    tables.WORKLOAD,
    manifest.WORKLOAD,
    commits.WORKLOAD,
    garbage.WORKLOAD,
    direct.WORKLOAD,
    epoch.WORKLOAD,
    startup.WORKLOAD,
)

__all__ = ["WORKLOADS", "Row", "Workload"]
