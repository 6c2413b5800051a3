"""The rows of the trackers' table, grouped by the workload they belong to."""

from __future__ import annotations

from benchmarks.rows.base import Workload
from benchmarks.tracking.bench import TrackingBench
from benchmarks.tracking.rows import catalog, checkpoint, crowd, killed, logging

WORKLOADS: tuple[Workload[TrackingBench], ...] = (
    logging.WORKLOAD,
    killed.WORKLOAD,
    crowd.WORKLOAD,
    catalog.WORKLOAD,
    checkpoint.WORKLOAD,
)
