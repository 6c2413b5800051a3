"""A step with aidb's catalog, in its own process: `python -m benchmarks.tracking.drivers.catalog STEP PLACE ...`.

The last line of the output is a JSON object with what was found.

    fill PLACE RUNS KEYS STEPS      write the journals of finished runs
    ingest PLACE                    seconds that the catalog needs to take in what is new, and how many points it has
    look-again PLACE                seconds of a look when nothing is new since the last
    table PLACE KEYS                seconds of a sorted and filtered table of all runs, asked before
    curves PLACE                    seconds of one metric of all runs at 1,000 points each, asked before
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aidb
from aidb.metadata.catalog.catalog import Catalog
from aidb.tracking.journal.events import Finish, Params, Start
from aidb.tracking.journal.folder import RUNS
from aidb.tracking.journal.writer import JournalWriter
from benchmarks.tracking.drivers.base import PREFIX

_LOOKS = 10


def fill(place: Path, runs: str, keys: str, steps: str) -> dict[str, float]:
    """Runs whose losses fall, each with parameters of its own."""
    for number in range(int(runs)):
        _write_run(place, f"run-{number:06}", number, int(keys), int(steps))
    return {"points": int(runs) * int(keys) * int(steps)}


def _write_run(place: Path, run: str, number: int, keys: int, steps: int) -> None:
    folder = place / ".aidb" / RUNS / run
    folder.mkdir(parents=True)
    writer = JournalWriter(folder, run, warn=sys.exit)
    writer.event(Start(time=time.time(), experiment="bench", name=run))
    writer.event(Params(time=time.time(), values={"lr": 10.0 ** -(number % 5), "seed": number}))
    names = [f"{PREFIX}_{key}" for key in range(keys)]
    for step in range(steps):
        value = (number + 1) / (step + 1)
        writer.points(dict.fromkeys(names, value), step, time.time())
    writer.event(Finish(time=time.time(), status="finished"))
    writer.close()


def ingest(place: Path) -> dict[str, float]:
    """Take in everything."""
    catalog = _catalog(place)
    began = time.perf_counter()
    catalog.fold()
    took = time.perf_counter() - began
    return {"seconds": took, "points": _ask(catalog, "SELECT count(*) FROM cat.points")}


def look_again(place: Path) -> dict[str, float]:
    """The median of several looks."""
    catalog = _catalog(place)
    return _median(lambda: _ask(catalog, "SELECT count(*) FROM cat.runs"))


def table(place: Path, keys: str) -> dict[str, float]:
    """Every metric's last value and both params of the runs that fulfil a filter, sorted by a metric."""
    columns = ["params.lr", "params.seed", *(f"metrics.{PREFIX}_{key}" for key in range(int(keys)))]
    wanted = f"metrics.{PREFIX}_0.min > 0 and params.lr <= 1"
    with aidb.open(place) as repo:
        rows = len(repo.runs.table(wanted, sort=f"metrics.{PREFIX}_0.min", columns=columns))
        found = _median(lambda: repo.runs.table(wanted, sort=f"metrics.{PREFIX}_0.min", columns=columns))
    return {**found, "rows": rows}


def curves(place: Path) -> dict[str, float]:
    """What a page draws."""
    with aidb.open(place) as repo:
        count = len(repo.runs.series(f"{PREFIX}_0"))
        found = _median(lambda: repo.runs.series(f"{PREFIX}_0"))
    return {**found, "curves": count}


def _median(ask: Callable[[], object]) -> dict[str, float]:
    """How long asking takes, without the first time."""
    times = []
    for _ in range(_LOOKS + 1):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return {"seconds": sorted(times[1:])[_LOOKS // 2]}


def _ask(catalog: Catalog, sql: str) -> float:
    with catalog.reading() as connection:
        row = connection.execute(sql).fetchone()
    return float(row[0]) if row else 0.0


def _catalog(place: Path) -> Catalog:
    folder = place / ".aidb"
    return Catalog(folder, lambda: folder / "tmp")


STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    "fill": fill,
    "ingest": ingest,
    "look-again": look_again,
    "table": table,
    "curves": curves,
}


def main(step: str, place: str, *arguments: str) -> None:
    print(json.dumps(STEPS[step](Path(place), *arguments)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
