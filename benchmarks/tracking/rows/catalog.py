"""What the catalog needs to take in journals, and to see that nothing is new: rows of aidb alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import aidb
from benchmarks.measure import Command, Figure, run, settle
from benchmarks.recording import WrongBytesError
from benchmarks.rows.base import Row, Workload
from benchmarks.targets import AIDB, at_least, seconds
from benchmarks.tracking.bench import TrackingBench, last_line
from benchmarks.units import RATE

_KEYS = 10
_STEPS = 10_000
_PARAMS = 2

INGEST = Row("ingest", "ingest of 20 million points into the catalog", at_least(2e6, RATE), unit=RATE)
NOTHING = Row("nothing-new", "a look at the catalog, nothing new in 1,000 runs", seconds(0.040))
TABLE = Row("table", "table of 10,000 runs x 40 columns, sorted and filtered, warm", seconds(0.100))
CURVES = Row("curves", "50 series of 1 million points each, at 1,000 points, warm", seconds(0.300))


def measure(bench: TrackingBench) -> None:
    """Long runs, taken in at once; then many runs, of which none is new."""
    if not bench.aidb:
        return
    bench.say("catalog:")
    with bench.guard(INGEST.id, AIDB):
        place = _repository(bench, "ingest")
        runs = max(1, bench.scale.ingest // (_KEYS * _STEPS))
        steps = bench.scale.ingest // (_KEYS * runs)
        written, _ = _step(bench, place, "fill", str(runs), str(_KEYS), str(steps))
        found, figure = _step(bench, place, "ingest")
        if found["points"] != written["points"]:
            raise WrongBytesError(f"{written['points']} points were written and {found['points']} are there")
        bench.note(INGEST, bench.aidb, found["points"] / found["seconds"], figure.peak)
    _ask(bench, NOTHING, "look-again", runs=bench.scale.runs, keys=_KEYS, steps=20)
    keys = bench.scale.columns - _PARAMS
    _ask(bench, TABLE, "table", str(keys), runs=bench.scale.table_runs, keys=keys, steps=2)
    _ask(bench, CURVES, "curves", runs=bench.scale.series, keys=1, steps=bench.scale.points)


def _ask(
    bench: TrackingBench, row: Row, step: str, *arguments: str, runs: int, keys: int, steps: int
) -> None:
    """Fill a repository, let the catalog take it in, and ask."""
    with bench.guard(row.id, AIDB):
        place = _repository(bench, row.id)
        _step(bench, place, "fill", str(runs), str(keys), str(steps))
        _step(bench, place, "ingest")
        found, figure = _step(bench, place, step, *arguments)
        bench.record(row.id, AIDB, Figure(found["seconds"], figure.peak))


def _repository(bench: TrackingBench, name: str) -> Path:
    place = bench.place("catalog", name)
    aidb.init(place).close()
    return place


def _step(bench: TrackingBench, place: Path, step: str, *arguments: str) -> tuple[dict[str, Any], Figure]:
    if bench.scale.settles:
        settle()
    argv = (sys.executable, "-m", "benchmarks.tracking.drivers.catalog", step, str(place), *arguments)
    log = place.parent / "log.txt"
    figure = run([Command(argv, place.parent)], bench.environment(place), log)
    return last_line(log.read_text(errors="replace")), figure


WORKLOAD = Workload("catalog", (INGEST, NOTHING, TABLE, CURVES), measure)
