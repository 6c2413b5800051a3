"""A few seconds of it; `python -m tests.tracking.hammer --minutes 1` is the long one.

AIDB_HAMMER_SECONDS sets how long it takes.
"""

from __future__ import annotations

import os
import shutil

import pytest

from tests.faults.command import scratch_folder
from tests.tracking.hammer import hammer

SECONDS = float(os.environ.get("AIDB_HAMMER_SECONDS", "4"))


@pytest.mark.timeout(SECONDS + 300)
def test_readers_and_a_writer_do_not_meet() -> None:
    folder = scratch_folder()
    try:
        result = hammer(folder, SECONDS, seed=7)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert not result.problems, "\n".join(result.problems)
    assert result.done["write"]["runs"]
    assert result.done["read"]["looks"] > 2, "nobody looked, so nothing was proved"
