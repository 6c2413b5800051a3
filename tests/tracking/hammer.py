"""A writer and readers of the catalog at once, with nobody waiting for anybody.

    python -m tests.tracking.hammer --minutes 1 --seed 1

Writers log run after run. Readers, each a process with a catalog of its own as a page or a command has it, look again
and again, now and then fold in what is new, and now and then open the catalog anew. Whatever a reader sees must be
whole: a run has as many points as its row says, a finished run all of them, and nothing that was there goes away.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import aidb
from aidb.metadata.catalog.catalog import Catalog
from aidb.tracking.journal.events import Finish, Params, Start
from aidb.tracking.journal.folder import RUNS
from aidb.tracking.journal.writer import JournalWriter
from tests.faults.command import PROJECT, clean_environment, scratch_folder

CREW = ("write", "read", "read")
_KEYS = 10

Done = Counter[str]


def write(root: Path, seconds: float, chance: random.Random) -> Done:
    """Log runs of various lengths, which say beforehand how many points they will have."""
    done: Done = Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        run = f"run-{done['runs']:05}"
        folder = root / ".aidb" / RUNS / run
        folder.mkdir(parents=True)
        writer = JournalWriter(folder, run, warn=print)
        calls = chance.choice([1, 20, 500, 3000])
        writer.event(Start(time=time.time(), experiment="hammer", name=run))
        writer.event(Params(time=time.time(), values={"points": calls * _KEYS}))
        for step in range(calls):
            writer.points({f"key/{n}": step + n for n in range(_KEYS)}, step, time.time())
            if step % 200 == 0:
                time.sleep(0.002)
        writer.event(Finish(time=time.time(), status="finished"))
        writer.close()
        done["runs"] += 1
        done["points"] += calls * _KEYS
    return done


def read(root: Path, seconds: float, chance: random.Random) -> Done:
    """Look at everything again and again."""
    done: Done = Counter()
    before: dict[str, int] = {}
    end = time.monotonic() + seconds
    catalog = _open(root)
    while time.monotonic() < end:
        before = look(catalog, before)
        done["looks"] += 1
        if chance.random() < 0.2:
            catalog.fold()
            done["folds"] += 1
        if chance.random() < 0.2:
            catalog.close()
            catalog = _open(root)
            done["opened"] += 1
    catalog.close()
    return done


_COUNTS = """
    SELECT r.id, r.status, r.points, coalesce(p.found, 0), q.number
    FROM cat.runs r
    LEFT JOIN (SELECT run, count(*) AS found FROM cat.points GROUP BY run) p USING (run)
    LEFT JOIN (SELECT run, number FROM cat.params WHERE "key" = 'points') q USING (run)
"""


def look(catalog: Catalog, before: dict[str, int]) -> dict[str, int]:
    """How many points each run has; AssertionError if what is there is not whole, or less than `before`."""
    with catalog.reading() as connection:
        rows = connection.execute(_COUNTS).fetchall()
    for run, status, said, found, promised in rows:
        assert said == found, f"{run} ({status}): its row says {said} points, and {found} are there"
        if status == "finished":
            assert found == promised, f"{run} is finished with {found} of {promised} points"
    now = {run: found for run, _, _, found, _ in rows}
    assert len(now) == len(rows), "a run is there twice"
    for run, count in before.items():
        assert now.get(run, -1) >= count, f"{run} had {count} points and now has {now.get(run)}"
    return now


def _open(root: Path) -> Catalog:
    folder = root / ".aidb"
    return Catalog(folder, lambda: folder / "tmp")


JOBS: dict[str, Callable[[Path, float, random.Random], Done]] = {"write": write, "read": read}


class Result(NamedTuple):
    """How it went: what each kind of process did, and what was wrong."""

    done: dict[str, Done]
    problems: list[str]

    def __str__(self) -> str:
        lines = [
            f"{job}: " + ", ".join(f"{count:,} {what}" for what, count in each.items())
            for job, each in self.done.items()
        ]
        return "\n".join([*lines, *self.problems, f"{len(self.problems)} errors"])


def hammer(folder: Path, seconds: float, seed: int) -> Result:
    """Let the crew work on a new repository in `folder` for so long; then look once more."""
    root, home = folder / "repo", folder / "home"
    home.mkdir()
    aidb.init(root).close()
    command = [sys.executable, "-m", "tests.tracking.hammer", "--root", str(root), "--seconds", str(seconds)]
    crew = [
        subprocess.Popen(
            [*command, "--job", job, "--seed", f"{seed * 100 + number}"],
            cwd=PROJECT,
            env=clean_environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number, job in enumerate(CREW)
    ]
    done: dict[str, Done] = {}
    problems = []
    for job, process in zip(CREW, crew, strict=True):
        output, errors = process.communicate(timeout=seconds + 180)
        if process.returncode:
            problems.append(f"{job} ended with {process.returncode}: {errors[-2000:]}")
        else:
            done.setdefault(job, Counter()).update(json.loads(output))
    return Result(done, problems + _aftermath(root, done.get("write", Counter())))


def _aftermath(root: Path, written: Done) -> list[str]:
    """What is wrong with what a catalog shows in the end, and one that is built from nothing."""
    problems = []
    for state in ("as it was left", "built anew"):
        catalog = _open(root)
        now = look(catalog, {})
        catalog.close()
        found = (len(now), sum(now.values()))
        if found != (written["runs"], written["points"]):
            problems.append(f"{state}, the catalog has {found} runs and points, and not {dict(written)}")
        shutil.rmtree(root / ".aidb/catalog", ignore_errors=True)
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    for name in ("--root", "--seconds", "--job"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        print(json.dumps(JOBS[given.job](Path(given.root), float(given.seconds), random.Random(given.seed))))
        return 0
    folder = scratch_folder()
    try:
        result = hammer(folder, 60 * given.minutes, given.seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(result)
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
