"""One run of the trackers' benchmark: how a step is taken in a tracker's own Python."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Command, CommandFailedError, Figure, run, settle
from benchmarks.recording import Recording
from benchmarks.rows.base import Row
from benchmarks.targets import AIDB
from benchmarks.tracking.trackers import Tracker
from benchmarks.units import MIB

PROJECT = Path(__file__).resolve().parent.parent.parent
_BUDGET = 20.0  # seconds after which a step is not repeated any more


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is logged, and how large the tables are that aidb is asked for."""

    calls: int
    repeats: int
    kills: int
    crowd_seconds: float
    runs: int
    table_runs: int
    columns: int
    series: int
    points: int
    ingest: int
    checkpoint: int
    settles: bool = True  # whether each step waits until what was written before it is on the disk


FULL = Scale(10_000, 3, 5, 3.0, 1000, 10_000, 40, 50, 1_000_000, 20_000_000, 1 << 30)
QUICK = Scale(500, 1, 1, 0.5, 50, 500, 40, 5, 50_000, 500_000, 64 * MIB)


class TrackingBench(Recording):
    """Everything a workload needs to measure every tracker."""

    def __init__(self, work: Path, scale: Scale, trackers: Path | None, tools: Sequence[Tracker]) -> None:
        super().__init__(work, quick=scale is not FULL)
        self.scale = scale
        self._trackers = trackers
        self.tools = [tool for tool in tools if self._is_there(tool)]

    def _is_there(self, tool: Tracker) -> bool:
        version = tool.version(self._trackers)
        if version is None:
            self.say(
                f"{tool.name} is not installed and is left out (make bench-trackers-install installs them)"
            )
            return False
        self.results.versions[tool.name] = version
        self.results.notes[tool.name] = tool.note
        return True

    @property
    def aidb(self) -> Tracker | None:
        """aidb, where it takes part: some rows are of its own."""
        return next((tool for tool in self.tools if tool.name == AIDB), None)

    def place(self, *names: str) -> Path:
        """A folder that is not there yet, with a home beside it; what was there is put aside."""
        home = self.work / "run" / Path(*names)
        if home.exists():
            self.set_aside(home)
        (home / "home").mkdir(parents=True)
        return home / "place"

    def create(self, tool: Tracker, *names: str) -> Path:
        """A place for `tool`'s runs, made ready as its documentation says."""
        place = self.place(tool.driver, *names)
        self.step(tool, "create", place)
        return place

    def step(self, tool: Tracker, step: str, place: Path, *arguments: str) -> tuple[dict[str, Any], Figure]:
        """Take a step; what it found, and how long the whole process took and how much memory it needed."""
        if self.scale.settles:
            settle()
        log = place.parent / "log.txt"
        command = Command(self.command(tool, step, place, *arguments), place.parent)
        figure = run([command], self.environment(place), log)
        return last_line(log.read_text(errors="replace")), figure

    def command(self, tool: Tracker, step: str, place: Path, *arguments: str) -> tuple[str, ...]:
        """What is run for a step."""
        python = tool.python(self._trackers)
        if python is None:
            raise FileNotFoundError(f"{tool.name} is not installed")
        return (
            python,
            "-m",
            "benchmarks.tracking.drivers.drive",
            tool.driver,
            step,
            str(place),
            *arguments,
        )

    def environment(self, place: Path) -> dict[str, str]:
        """The environment of every step: no setting of the person who measures, and no network to wait for."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(place.parent / "home"),
            "TMPDIR": str(place.parent / "home"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(PROJECT),
            "DO_NOT_TRACK": "true",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "HF_HUB_OFFLINE": "1",
            "WANDB_ERROR_REPORTING": "false",
        }

    def spawn(self, tool: Tracker, step: str, place: Path, *arguments: str) -> subprocess.Popen[str]:
        """Begin a step that others must meet or stop: its output is a pipe, its complaints go to the log."""
        with (place.parent / "log.txt").open("ab") as log:
            return subprocess.Popen(
                self.command(tool, step, place, *arguments),
                cwd=place.parent,
                env=self.environment(place),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def may_repeat(self, done: int, began: float) -> bool:
        """Whether a step that was taken `done` times since `began` is taken once more."""
        return done == 0 or (done < self.scale.repeats and time.perf_counter() - began < _BUDGET)

    def note(self, row: Row, tool: Tracker, value: float, peak: int = 0) -> None:
        """Keep what `tool` got in `row`, in the row's unit."""
        self.record(row.id, tool.name, Figure(value, peak, other=value), row.unit)


def last_line(output: str) -> dict[str, Any]:
    """What a driver found: its last line that is a JSON object."""
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    raise CommandFailedError("a driver did not say what it found")
