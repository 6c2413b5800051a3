"""A few kills; `python -m tests.tracking.kill_storm --times 200` are many. AIDB_KILLS sets how many."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.faults.command import scratch_folder
from tests.tracking.kill_storm import storm

KILLS = int(os.environ.get("AIDB_KILLS", "5"))


@pytest.mark.timeout(60 + 20 * KILLS)
def test_what_a_call_logged_outlives_a_kill() -> None:
    folder = scratch_folder()
    try:
        result = storm(folder, KILLS, seed=3)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert not result.problems, "\n".join(result.problems)
    assert result.read == result.logged
    assert result.calls, "nothing was logged, so nothing was proved"
