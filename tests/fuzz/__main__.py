"""Fuzz every parser of bytes from disk, guided by coverage.

    python -m tests.fuzz --seconds 600
    python -m tests.fuzz --only recipe --only codec-zstd --seconds 60 --seed 7 --corpus /tmp/corpus
    python -m tests.fuzz --replay recipe /tmp/corpus/recipe.crash-0123

Needs `pip install atheris`. Each target has an equal share of the time. Exit code 1 if there are findings: their inputs
stay in the corpus folder, if one is given, and `--replay` shows the traceback of one.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.target import Target, run
from tests.fuzz.targets import TARGETS

_STATISTIC = re.compile(r"^stat::number_of_executed_units: (\d+)", re.MULTILINE)
_COVERAGE = re.compile(r"cov: (\d+) ft: (\d+)")
_EXCEPTION = re.compile(
    r"Uncaught Python exception: ===\n(?P<error>[^\n]*)|ERROR: libFuzzer: (?P<other>[^\n]*)"
)


class Outcome(NamedTuple):
    """What exploring one target came to."""

    executions: int
    coverage: int
    features: int
    finding: str


def main() -> int:
    """The command line; the exit code."""
    given = _arguments()
    if given.replay:
        name, file = given.replay
        understood = run(TARGETS[name], Path(file).read_bytes())
        print("read" if understood else "refused, as it should be")
        return 0
    chosen = [TARGETS[name] for name in given.only or TARGETS]
    with tempfile.TemporaryDirectory(prefix="aidb-fuzz-") as temporary:
        corpus = Path(given.corpus or temporary)
        print(f"{'target':<16}{'executions':>12}{'coverage':>10}{'features':>10}  finding", flush=True)
        found = 0
        for target in chosen:
            outcome = explored(target, corpus, given.seconds / len(chosen), given.seed)
            found += bool(outcome.finding)
            numbers = f"{outcome.executions:>12,}{outcome.coverage:>10,}{outcome.features:>10,}"
            print(f"{target.name:<16}{numbers}  {outcome.finding or '-'}", flush=True)
        return 1 if found else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together (60)")
    parser.add_argument("--only", action="append", choices=list(TARGETS), help="this target; may be repeated")
    parser.add_argument("--seed", type=int, default=0, help="of libFuzzer; 0 draws one")
    parser.add_argument("--corpus", help="folder that keeps inputs from run to run")
    parser.add_argument("--replay", nargs=2, metavar=("TARGET", "FILE"), help="run one input in this process")
    return parser.parse_args()


def explored(target: Target, corpus: Path, seconds: float, seed: int) -> Outcome:
    """Explore one target in a process of its own."""
    folder = corpus / target.name
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(target.seeds()):
        (folder / f"seed-{number}").write_bytes(data)
    options = {
        "max_total_time": max(1, round(seconds)),
        "seed": seed,
        "timeout": 10,
        "rss_limit_mb": 0,  # the process limits its own address space
        "print_final_stats": 1,
        "artifact_prefix": f"{corpus}/{target.name}.",
    }
    command = [sys.executable, "-m", "tests.fuzz.explore", target.name, str(folder)]
    command += [f"{name}={value}" for name, value in options.items()]
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return _outcome(ran.stdout + ran.stderr, ran.returncode)


def _outcome(text: str, code: int) -> Outcome:
    executions = _STATISTIC.search(text)
    coverage = _COVERAGE.findall(text) or [("0", "0")]
    exception = _EXCEPTION.search(text)
    finding = ""
    if exception is not None:
        finding = exception["error"] or exception["other"]
    elif code or executions is None:
        finding = f"exit code {code}: {text.strip().splitlines()[-1] if text.strip() else ''}"
    reached, features = map(int, coverage[-1])
    return Outcome(int(executions[1]) if executions else 0, reached, features, finding)


if __name__ == "__main__":
    sys.exit(main())
