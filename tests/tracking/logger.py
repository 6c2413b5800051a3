"""A process that logs a story: `python -m tests.tracking.logger ROOT TALLY SEED [CALLS]`.

It is a run of the repository ROOT, called after the seed. TALLY counts the calls that have returned. With CALLS the run
finishes after so many; without, it logs for ever.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

import aidb
from tests.tracking.story import Tally, call


def main(root: str, tally: str, seed: str, calls: str = "") -> None:
    counted = Tally(Path(tally))
    with aidb.start_run("story", f"seed {seed}", repo=root) as run:
        for number in range(int(calls)) if calls else count():
            run.log(call(int(seed), number), step=number)
            counted.set(number + 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
