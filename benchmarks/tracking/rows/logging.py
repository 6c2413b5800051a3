"""What the training thread pays: a call of `log` with ten numbers, the start, and the bytes on the disk."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.measure import size_of
from benchmarks.recording import WrongBytesError
from benchmarks.rows.base import Row, Workload
from benchmarks.targets import at_most, faster, faster_than_all, seconds
from benchmarks.tracking.bench import TrackingBench
from benchmarks.tracking.drivers.drive import WIDTH
from benchmarks.tracking.trackers import PLAIN, Tracker
from benchmarks.units import BYTES_EACH

MEAN = Row(
    "log-mean",
    "log of 10 scalars, mean of 10,000 calls",
    seconds(4e-6),
    faster_than_all(5, but=PLAIN),
    faster("MLflow", 1000),
)
P99 = Row("log-p99", "log of 10 scalars, p99 of 10,000 calls", seconds(12e-6))
NUMPY_MEAN = Row("numpy-mean", "log of 10 NumPy scalars, mean of 10,000 calls", seconds(4e-6))
NUMPY_P99 = Row("numpy-p99", "log of 10 NumPy scalars, p99 of 10,000 calls", seconds(12e-6))
START = Row("start", "import and start of a run", seconds(0.150))
LIVE = Row(
    "bytes-live", "bytes per point on disk, while the run is live", at_most(11, BYTES_EACH), unit=BYTES_EACH
)
AFTER = Row(
    "bytes-after",
    "bytes per point on disk, finished and read once",
    at_most(15, BYTES_EACH),
    unit=BYTES_EACH,
)


def measure(bench: TrackingBench) -> None:
    """Each tracker logs Python floats, then NumPy scalars, several times while that is quick."""
    for tool in bench.tools:
        bench.say(f"log, {tool.name}:")
        for kind in ("python", "numpy"):
            with bench.guard(MEAN.id if kind == "python" else NUMPY_MEAN.id, tool.name):
                _repeat(bench, tool, kind)


def _repeat(bench: TrackingBench, tool: Tracker, kind: str) -> None:
    done, began = 0, time.perf_counter()
    while bench.may_repeat(done, began):
        place = bench.create(tool, f"log-{kind}")
        before = size_of([place]).bytes
        found, figure = bench.step(tool, "log", place, str(bench.scale.calls), kind)
        bench.note(MEAN if kind == "python" else NUMPY_MEAN, tool, found["mean"], figure.peak)
        bench.note(P99 if kind == "python" else NUMPY_P99, tool, found["p99"], figure.peak)
        if kind == "python":
            bench.note(START, tool, found["import"] + found["start"])
            _count_bytes(bench, tool, place, before, found["live"])
        done += 1


def _count_bytes(bench: TrackingBench, tool: Tracker, place: Path, before: int, live: int) -> None:
    points = bench.scale.calls * WIDTH
    bench.note(LIVE, tool, (live - before) / points)
    found, _ = bench.step(tool, "count", place)
    if found["points"] != points:
        raise WrongBytesError(f"{points} points were logged and {found['points']} are there")
    bench.note(AFTER, tool, (size_of([place]).bytes - before) / points)


WORKLOAD = Workload("logging", (MEAN, P99, NUMPY_MEAN, NUMPY_P99, START, LIVE, AFTER), measure)
