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
from benchmarks.targets import AIDB, Target, seconds
from benchmarks.units import MIB

_STEPS = {
    "build": ("build", 2.0),
    "commit": ("commit one change", 0.020),
    "diff": ("diff of 100 changes", 0.020),
    "merge": ("merge of 100 and 100 changes", 0.050),
    "path-log": ("look up one path in 100 versions", None),
}
_ASK = "import json; from benchmarks.manifest import rows; print(json.dumps(rows({})))"


def _rows(name: str, shown: str, *, must: bool) -> list[Row]:
    """The steps at one size. With ten million entries all but the build should take as long as with one."""
    found = []
    for step, (title, limit) in _STEPS.items():
        asked = limit is not None and (must or step != "build")
        targets: list[Target] = [seconds(limit, must=must)] if limit is not None and asked else []
        found.append(Row(f"{name}-{step}", f"manifest of {shown} files: {title}", *targets))
    return found


_MILLION = _rows("manifest", "1,000,000", must=True)
_TEN_MILLION = _rows("manifest-10m", "10,000,000", must=False)


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
