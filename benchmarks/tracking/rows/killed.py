"""What is left of a run whose process is killed: the points of calls that had returned, read by another process."""

from __future__ import annotations

import mmap
import random
import struct
import time
from pathlib import Path

from benchmarks.measure import CommandFailedError
from benchmarks.rows.base import Row, Workload
from benchmarks.targets import at_least
from benchmarks.tracking.bench import TrackingBench
from benchmarks.tracking.drivers.drive import WIDTH
from benchmarks.tracking.trackers import Tracker
from benchmarks.units import SHARE

ROW = Row("killed", "points there after kill -9, of those logged (5 kills)", at_least(1, SHARE), unit=SHARE)
_START = 60.0  # seconds a tracker has to log for the first time
_AFTERWARDS = 3.0  # seconds that processes of a tracker's own have to write what they were given


def measure(bench: TrackingBench) -> None:
    """Kill each tracker several times, at moments that are the same for all."""
    for tool in bench.tools:
        bench.say(f"killed, {tool.name}:")
        with bench.guard(ROW.id, tool.name):
            kills = [_kill(bench, tool, number) for number in range(bench.scale.kills)]
            bench.note(ROW, tool, sum(there for there, _ in kills) / sum(logged for _, logged in kills))


def _kill(bench: TrackingBench, tool: Tracker, number: int) -> tuple[float, float]:
    """How many of the points that were logged before the kill are there, and how many were logged."""
    place = bench.create(tool, "killed")
    tally = place.parent / "tally"
    tally.write_bytes(bytes(8))
    with bench.spawn(tool, "until-killed", place, str(tally)) as process:
        try:
            _wait_until_logged(tally)
            time.sleep(random.Random(number).uniform(0.2, 1.5))
        finally:
            process.kill()
    logged = _read(tally) * WIDTH
    if tool is not bench.aidb:
        time.sleep(_AFTERWARDS)
    found, _ = bench.step(tool, "count", place)
    return min(logged, found["points"]), logged


def _wait_until_logged(tally: Path) -> None:
    end = time.monotonic() + _START
    while not _read(tally):
        if time.monotonic() > end:
            raise CommandFailedError(f"nothing was logged within {_START:.0f} seconds")
        time.sleep(0.01)


def _read(tally: Path) -> int:
    with tally.open("r+b") as file, mmap.mmap(file.fileno(), 8) as shared:
        count: int = struct.unpack_from("<Q", shared)[0]
    return count


WORKLOAD = Workload("killed", (ROW,), measure)
