"""The rows of the table, grouped by the workload they belong to."""

from __future__ import annotations

from benchmarks.rows import checkpoints, commits, garbage, large, manifest, small, startup
from benchmarks.rows.base import Row, Workload

WORKLOADS: tuple[Workload, ...] = (
    small.WORKLOAD,
    large.WORKLOAD,
    checkpoints.WORKLOAD,
    manifest.WORKLOAD,
    commits.WORKLOAD,
    garbage.WORKLOAD,
    startup.WORKLOAD,
)

__all__ = ["WORKLOADS", "Row", "Workload"]
