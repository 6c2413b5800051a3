"""`python -m benchmarks`: measure, and print the table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.bench import FULL, QUICK, Bench
from benchmarks.peers import TOOLS, Programs
from benchmarks.rows import WORKLOADS, Workload
from benchmarks.suite import run_suite


class Versioning:
    """Versions of folders and files, beside other tools that keep them."""

    module = "benchmarks"
    title = "aidb beside its peers."
    workloads: Sequence[Workload[Any]] = WORKLOADS
    tools: Sequence[Any] = TOOLS
    watches_memory = True

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--peers", type=Path, help="virtual environment that has DVC, Oxen and borg")

    def disk(self, *, quick: bool) -> int:
        return (QUICK if quick else FULL).disk

    def begin(self, given: argparse.Namespace, work: Path, tools: list[Any]) -> Bench:
        peers = given.peers.resolve() if given.peers and given.peers.exists() else None
        return Bench(work, QUICK if given.quick else FULL, Programs(peers), tools)


if __name__ == "__main__":
    sys.exit(run_suite(Versioning()))
