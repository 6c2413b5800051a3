"""`python -m benchmarks.tracking`: measure, and print the table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.rows.base import Workload
from benchmarks.suite import run_suite
from benchmarks.tracking.bench import FULL, QUICK, TrackingBench
from benchmarks.tracking.rows import WORKLOADS
from benchmarks.tracking.trackers import TRACKERS


class Tracking:
    """Runs and their metrics, beside other tools that log them."""

    module = "benchmarks.tracking"
    title = "aidb beside other experiment trackers."
    workloads: Sequence[Workload[Any]] = WORKLOADS
    tools: Sequence[Any] = TRACKERS
    watches_memory = False

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--trackers", type=Path, help="virtual environment that has the other trackers")

    def disk(self, *, quick: bool) -> int:
        return (1 if quick else 8) << 30

    def begin(self, given: argparse.Namespace, work: Path, tools: list[Any]) -> TrackingBench:
        trackers = given.trackers.resolve() if given.trackers else None
        return TrackingBench(work, QUICK if given.quick else FULL, trackers, tools)


if __name__ == "__main__":
    sys.exit(run_suite(Tracking()))
