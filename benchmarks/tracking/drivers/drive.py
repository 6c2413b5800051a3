"""One step with one tracker, in a process of its own: `python -m benchmarks.tracking.drivers.drive TOOL STEP ...`.

TOOL names the module `with_TOOL`. The last line of the output is a JSON object with what was found.

    log PLACE CALLS python|numpy    log CALLS times ten numbers; how long each call took, and how many bytes are there
    until-killed PLACE TALLY        log on and on; the file TALLY holds how many calls have returned
    crowd PLACE GO N SECONDS        say "ready", wait for the file GO, start; again for GO-log, and log for so long
    ranks PLACE GO N SECONDS        the same, as the ranks of one run; only aidb has them
    count PLACE                     how many points are there
    create PLACE                    make the place, where a tracker wants that done before its first run
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
import time
from collections.abc import Callable
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.tracking.drivers.base import PREFIX, Log, Tracker, Values

WIDTH = 10
"""Numbers in one call."""
_POOL = 100
_FLUSHED = 2.0  # seconds that a tool has to bring what it holds to the disk before its bytes are counted


def plain_values(number: int) -> Values:
    """Ten Python floats, others in each call."""
    return {f"{PREFIX}/{key}": 1.0 / (1 + number + key) for key in range(WIDTH)}


def numpy_values(number: int) -> Values:
    """Ten NumPy scalars: float32, as losses come, and an int64."""
    import numpy as np

    values: dict[str, Any] = {key: np.float32(value) for key, value in plain_values(number).items()}
    values[f"{PREFIX}/0"] = np.int64(number)
    return values


KINDS: dict[str, Callable[[int], Values]] = {"python": plain_values, "numpy": numpy_values}


def log(tool: str, place: Path, calls: str, kind: str) -> dict[str, float]:
    """Start, log and finish; times in seconds. The values are made beforehand."""
    pool = [KINDS[kind](number) for number in range(_POOL)]
    began = time.perf_counter()
    tracker = _tracker(tool, place)
    imported = time.perf_counter()
    to_run = tracker.start("log")
    started = time.perf_counter()
    times = []
    clock = time.perf_counter_ns
    for step in range(int(calls)):
        values = pool[step % _POOL]
        before = clock()
        to_run(values, step=step)
        times.append(clock() - before)
    time.sleep(_FLUSHED)
    live = _size(place)
    tracker.finish()
    times.sort()
    return {
        "import": imported - began,
        "start": started - imported,
        "mean": sum(times) / len(times) / 1e9,
        "p99": times[len(times) * 99 // 100] / 1e9,
        "live": live,
    }


def until_killed(tool: str, place: Path, tally: str) -> None:
    """Log until someone kills this process."""
    tracker = _tracker(tool, place)
    to_run = tracker.start("killed")
    values = plain_values(0)
    with open(tally, "r+b") as file, mmap.mmap(file.fileno(), 8) as shared:
        for step in count(1):
            to_run(values, step=step)
            struct.pack_into("<Q", shared, 0, step)


def crowd(tool: str, place: Path, go: str, number: str, seconds: str) -> dict[str, float]:
    """Start at the same moment as others, then log for `seconds` when they do; how many calls."""
    module = import_module(f"benchmarks.tracking.drivers.with_{tool}")
    _wait_for(go)
    tracker = module.Tracker(place)
    return _log_with_others(tracker, tracker.start(f"run-{number}"), go, seconds)


def ranks(tool: str, place: Path, go: str, number: str, seconds: str) -> dict[str, float]:
    """As `crowd`, but all log to one run."""
    module = import_module(f"benchmarks.tracking.drivers.with_{tool}")
    _wait_for(go)
    tracker = module.Tracker(place)
    return _log_with_others(tracker, tracker.start_rank(int(number)), go, seconds)


def _log_with_others(tracker: Tracker, to_run: Log, go: str, seconds: str) -> dict[str, float]:
    values = plain_values(0)
    _wait_for(f"{go}-log")
    calls = 0
    began = time.monotonic()
    end = began + float(seconds)
    while time.monotonic() < end:
        to_run(values, step=calls)
        calls += 1
    took = time.monotonic() - began
    tracker.finish()
    return {"calls": calls, "seconds": took}


def create(tool: str, place: Path) -> dict[str, float]:
    """Make the place."""
    make = getattr(import_module(f"benchmarks.tracking.drivers.with_{tool}"), "create", Path.mkdir)
    make(place)
    return {}


def count_points(tool: str, place: Path) -> dict[str, float]:
    """How many points a reader finds."""
    return {"points": _tracker(tool, place).points()}


def _wait_for(go: str) -> None:
    print("ready", flush=True)
    while not os.path.exists(go):
        time.sleep(0.001)


def _tracker(tool: str, place: Path) -> Tracker:
    made: Tracker = import_module(f"benchmarks.tracking.drivers.with_{tool}").Tracker(place)
    return made


def _size(place: Path) -> int:
    return sum(
        os.lstat(os.path.join(here, name)).st_size for here, _, names in os.walk(place) for name in names
    )


STEPS: dict[str, Callable[..., Any]] = {
    "log": log,
    "until-killed": until_killed,
    "crowd": crowd,
    "ranks": ranks,
    "create": create,
    "count": count_points,
}


def main(tool: str, step: str, place: str, *arguments: str) -> None:
    found = STEPS[step](tool, Path(place), *arguments)
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
