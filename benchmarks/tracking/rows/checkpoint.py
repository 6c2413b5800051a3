"""A checkpoint that is saved in the background while training goes on: a row of aidb alone."""

from __future__ import annotations

import sys

from benchmarks.measure import Command, Figure, run
from benchmarks.rows.base import Row, Workload
from benchmarks.targets import AIDB, seconds
from benchmarks.tracking.bench import TrackingBench, last_line
from benchmarks.units import BYTES

BLOCKED = Row(
    "checkpoint-blocked",
    "a checkpoint of 1 GiB: how long the call blocks beyond a copy of the tensors",
    seconds(0.3),
)
SAVED = Row("checkpoint-saved", "a checkpoint of 1 GiB: from then until it is committed")
PEAK = Row("checkpoint-peak", "a checkpoint of 1 GiB: memory at most, the model itself counted", unit=BYTES)


def measure(bench: TrackingBench) -> None:
    """Save one."""
    if not bench.aidb:
        return
    bench.say("checkpoint:")
    with bench.guard(BLOCKED.id, AIDB):
        place = bench.create(bench.aidb, "checkpoint")
        module = "benchmarks.tracking.drivers.checkpoint"
        argv = (sys.executable, "-m", module, str(place), str(bench.scale.checkpoint))
        log = place.parent / "log.txt"
        figure = run([Command(argv, place.parent)], bench.environment(place), log)
        found = last_line(log.read_text(errors="replace"))
        bench.record(BLOCKED.id, AIDB, Figure(max(0.0, found["blocked"] - found["copy"]), figure.peak))
        bench.record(SAVED.id, AIDB, Figure(found["saved"], figure.peak))
        bench.note(PEAK, bench.aidb, figure.peak, figure.peak)


WORKLOAD = Workload("checkpoint", (BLOCKED, SAVED, PEAK), measure)
