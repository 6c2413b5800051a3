"""A few seconds of the storm; `python -m tests.concurrency.gc_storm --minutes 10` is the long one.

AIDB_STORM_SECONDS sets how long it takes at least; on a busy machine it goes on until enough was done.
"""

from __future__ import annotations

import os
import shutil

import pytest

from tests.concurrency.gc_storm import PATIENCE, storm
from tests.faults.command import scratch_folder

SECONDS = float(os.environ.get("AIDB_STORM_SECONDS", "4"))


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 3 * PATIENCE)
def test_nothing_is_lost_in_the_storm() -> None:
    folder = scratch_folder()
    try:
        result = storm(folder / "repo", SECONDS, seed=7)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert not result.problems, "\n".join(result.problems)
    assert result.versions
