"""Processes that log, fold and read at the same time: nobody meets an error, nobody sees half a run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_COMMON = """
import sys, time
from pathlib import Path
from aidb.metadata.catalog.catalog import Catalog
from aidb.tracking.journal.events import Finish, Start
from aidb.tracking.journal.writer import JournalWriter
folder, end, scratch = Path(sys.argv[1]), time.time() + float(sys.argv[2]), Path(sys.argv[3])
scratch.mkdir()
catalog = Catalog(folder, lambda: scratch)
"""
_LOG = """
number = 0
while time.time() < end:
    place = folder / "runs" / f"r{number}"
    place.mkdir()
    writer = JournalWriter(place, place.name, warn=print)
    writer.event(Start(time=time.time(), experiment="e", name=place.name))
    for step in range(200):
        # Both at once: whoever sees one and not the other has seen half of a call.
        writer.points({"a": step, "b": step}, step, time.time())
    writer.event(Finish(time=time.time(), status="finished"))
    writer.close()
    number += 1
    time.sleep(0.01)
print(number)
"""
_FOLD = """
folds = 0
while time.time() < end:
    catalog.fold()
    folds += 1
print(folds)
"""
_READ = """
looks = last = 0
while time.time() < end:
    with catalog.reading() as connection:
        [(runs, points)] = connection.execute("SELECT count(*), coalesce(sum(points), 0) FROM cat.runs").fetchall()
        [(there, keys)] = connection.execute(
            'SELECT count(*), count(DISTINCT "key") FROM cat.points JOIN cat.runs USING (run)').fetchall()
        halves = connection.execute(
            'SELECT run FROM cat.points GROUP BY run HAVING count(*) FILTER ("key" = 1) <> count(*) FILTER ("key" = 2)'
        ).fetchall()
    assert points == there, (points, there)
    assert points >= last, (points, last)
    assert not halves, halves
    last = points
    looks += 1
print(looks)
"""


def test_one_logs_two_fold_and_two_read(tmp_path: Path) -> None:
    for name in ("runs", "locks", "tmp"):
        (tmp_path / name).mkdir()
    programs = [_LOG, _FOLD, _FOLD, _READ, _READ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _COMMON + program, str(tmp_path), "4", str(tmp_path / "tmp" / str(at))],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for at, program in enumerate(programs)
    ]
    answers = [process.communicate(timeout=200) for process in processes]
    assert [error for _, error in answers] == [""] * len(programs)
    assert all(int(answer) > 0 for answer, _ in answers)
