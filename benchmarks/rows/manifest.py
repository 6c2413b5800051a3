"""The manifest of a million files, and of ten million: build, commit one change, diff, merge. Only aidb takes part.

The steps are measured by `benchmarks.manifest`, in processes of their own.
"""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.bench import Bench
from benchmarks.measure import Figure
from benchmarks.rows.base import Row, Workload
from benchmarks.targets import AIDB, Target, memory, seconds
from benchmarks.units import MIB

_STEPS = {
    "build": ("build", 2.0, None),
    "commit": ("commit one change", 0.020, 0.030),
    "diff": ("diff of 100 changes", 0.020, 0.030),
    "ls": ("ls of a folder of 1,000", 0.020, 0.030),
    "merge": ("merge of 100 and 100 changes", 0.050, None),
    "path-log": ("look up one path in 100 versions", 1.0, 1.0),
}
"""What each is called, and how many seconds it may take with one million files and with ten."""
_ASK = "import json; from benchmarks.manifest import rows; print(json.dumps(rows({})))"


def _rows(name: str, shown: str, size: int) -> list[Row]:
    """The steps at one size."""
    found = []
    for step, (title, *limits) in _STEPS.items():
        limit = limits[size]
        targets: list[Target] = [] if limit is None else [seconds(limit)]
        row = Row(
            f"{name}-{step}", f"manifest of {shown} files: {title}", *targets, memory(300 * MIB, "300 MiB")
        )
        found.append(row)
    return found


_MILLION = _rows("manifest", "1,000,000", 0)
_TEN_MILLION = _rows("manifest-10m", "10,000,000", 1)


def measure(bench: Bench) -> None:
    """Measure both sizes, where aidb takes part."""
    if AIDB not in bench.results.versions:
        return
    for rows, entries in ((_MILLION, bench.scale.entries), (_TEN_MILLION, bench.scale.entries * 10)):
        bench.say(f"manifest of {entries:,} files ...")
        done = subprocess.run(
            [sys.executable, "-c", _ASK.format(entries)], check=True, stdout=subprocess.PIPE, text=True
        )
        for row, found in zip(rows, json.loads(done.stdout), strict=True):
            bench.record(row.id, AIDB, Figure(found["seconds"], int(found["peak_mib"] * MIB)))


WORKLOAD = Workload("manifest", (*_MILLION, *_TEN_MILLION), measure)
