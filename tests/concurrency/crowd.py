"""Several processes that start working on one repository at the same moment."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import NamedTuple

from tests.faults.command import PROJECT, clean_environment


class Report(NamedTuple):
    """What one attempt of one worker came to: a commit, or the code of the error it was told."""

    worker: int
    attempt: int
    commit: str | None
    error: str | None
    message: str = ""


def run_crowd(job: str, root: Path, *, workers: int, attempts: int) -> list[Report]:
    """Run `job` (a function of worker.py) in `workers` processes, each trying `attempts` times."""
    home = root.parent / "home"
    home.mkdir(exist_ok=True)
    go = root.parent / f"go-{uuid.uuid4().hex}"
    command = [sys.executable, "-m", "tests.concurrency.worker", job, str(root), str(go), str(attempts)]
    crowd = [
        subprocess.Popen([*command, str(n)], cwd=PROJECT, env=clean_environment(home), stdout=subprocess.PIPE)
        for n in range(workers)
    ]
    for process in crowd:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    go.touch()
    reports = []
    for process in crowd:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, f"a worker ended with {process.returncode}"
        reports += [Report(**json.loads(line)) for line in output.splitlines()]
    return reports


def committed(reports: list[Report]) -> list[str]:
    return [report.commit for report in reports if report.commit is not None]


def refused(reports: list[Report]) -> list[Report]:
    return [report for report in reports if report.error is not None]
