"""A process that logs a story: `python -m tests.tracking.logger ROOT TALLY SEED [CALLS]`.

It writes the journal of a run of the repository ROOT, called after the seed and this process. TALLY counts the calls
that have returned. With CALLS it closes its journal after so many; without, it logs for ever.
"""

from __future__ import annotations

import os
import sys
import time
from itertools import count
from pathlib import Path

from aidb.tracking.journal.events import Start
from aidb.tracking.journal.folder import RUNS
from aidb.tracking.journal.writer import JournalWriter
from tests.tracking.story import Tally, call

_RETRY, _SYNC = 50, 500
"""Calls after which waiting frames are tried again, and after which the file is brought to the disk."""


def main(root: str, tally: str, seed: str, calls: str = "") -> None:
    counted = Tally(Path(tally))
    run = f"story-{seed}-{os.getpid()}"
    folder = Path(root, ".aidb", RUNS, run)
    folder.mkdir(parents=True)
    writer = JournalWriter(folder, run, warn=_warn)
    writer.event(Start(time=time.time(), experiment="story", name=f"seed {seed}"))
    for number in range(int(calls)) if calls else count():
        writer.points(call(int(seed), number), number, time.time())
        counted.set(number + 1)
        if number % _RETRY == 0:
            writer.retry()
        if number % _SYNC == 0:
            writer.sync()
    writer.close()


def _warn(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
