"""Eight processes that log at once: to runs of their own in one place, and, with aidb, as the ranks of one run.

How much slower that is, is told beside eight processes at once in eight places: so the cores are as busy, and only the
place is shared. A process that has failed logs nothing.
"""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from benchmarks.rows.base import Row, Workload
from benchmarks.targets import at_least, at_most
from benchmarks.tracking.bench import TrackingBench, last_line
from benchmarks.tracking.drivers.drive import WIDTH
from benchmarks.tracking.trackers import Tracker
from benchmarks.units import COUNT, SHARE, TIMES

_PROCESSES = 8
_NOISE = 1.15

ERRORS = Row(
    "crowd-errors",
    "8 processes at once, on a fresh place: processes that fail",
    at_most(0, COUNT),
    unit=COUNT,
)
LEFT = Row("crowd-left", "8 processes at once: points there, of those logged", at_least(1, SHARE), unit=SHARE)
SLOWDOWN = Row(
    "crowd-slowdown",
    "8 processes at once: slower than in 8 places",
    at_most(_NOISE, TIMES),
    unit=TIMES,
)
RANK_ERRORS = Row("ranks-errors", "8 ranks of one run: ranks that fail", at_most(0, COUNT), unit=COUNT)
RANKS_LEFT = Row(
    "ranks-left", "8 ranks of one run: points there, of those logged", at_least(1, SHARE), unit=SHARE
)
RANKS_SLOWDOWN = Row(
    "ranks-slowdown",
    "8 ranks of one run: slower than 8 runs in 8 places",
    at_most(_NOISE, TIMES),
    unit=TIMES,
)


class _Crowd(NamedTuple):
    """What several processes did at once: calls of all that ended well, calls per second, and how many failed."""

    calls: float
    rate: float
    failed: int


def measure(bench: TrackingBench) -> None:
    """Eight places, then one, with each tracker; then one run, with aidb."""
    for tool in bench.tools:
        bench.say(f"crowd, {tool.name}:")
        with bench.guard(ERRORS.id, tool.name):
            apart = _run(bench, tool, "crowd", [bench.create(tool, f"apart-{n}") for n in range(_PROCESSES)])
            _compare(bench, tool, "crowd", apart, (ERRORS, LEFT, SLOWDOWN))
            if tool is bench.aidb:
                _compare(bench, tool, "ranks", apart, (RANK_ERRORS, RANKS_LEFT, RANKS_SLOWDOWN))


def _compare(
    bench: TrackingBench, tool: Tracker, step: str, apart: _Crowd, rows: tuple[Row, Row, Row]
) -> None:
    errors, left, slowdown = rows
    place = bench.create(tool, step)
    together = _run(bench, tool, step, [place] * _PROCESSES)
    bench.note(errors, tool, together.failed)
    if together.calls:
        found, _ = bench.step(tool, "count", place)
        bench.note(left, tool, min(1.0, found["points"] / (together.calls * WIDTH)))
        bench.note(slowdown, tool, apart.rate / together.rate)


def _run(bench: TrackingBench, tool: Tracker, step: str, places: list[Path]) -> _Crowd:
    go = places[0].parent / "go"
    with ExitStack() as stack:
        crowd = []
        for number, place in enumerate(places):
            process = bench.spawn(tool, step, place, str(go), str(number), str(bench.scale.crowd_seconds))
            stack.callback(_end, process)
            crowd.append(process)
        ready = [process for process in crowd if _is_ready(process)]
        go.touch()
        started = [process for process in ready if _is_ready(process)]
        Path(f"{go}-log").touch()
        found = [_result(process) for process in started]
    good = [each for each in found if each is not None]
    return _Crowd(
        calls=sum(each["calls"] for each in good),
        rate=sum(each["calls"] / each["seconds"] for each in good),
        failed=len(places) - len(good),
    )


def _is_ready(process: subprocess.Popen[str]) -> bool:
    """Whether the process says that it waits; what it prints besides is passed over."""
    assert process.stdout is not None
    return any(line == "ready\n" for line in process.stdout)


def _result(process: subprocess.Popen[str]) -> dict[str, float] | None:
    output, _ = process.communicate()
    return last_line(output) if process.returncode == 0 else None


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    with process:  # closes the pipe and waits
        pass


WORKLOAD = Workload("crowd", (ERRORS, LEFT, SLOWDOWN, RANK_ERRORS, RANKS_LEFT, RANKS_SLOWDOWN), measure)
