"""What holds for every test."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# Nothing about time: a test may run on a machine that is busy with something else. Examples may share a fixture.
settings.register_profile(
    "aidb", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("aidb")


@pytest.fixture(autouse=True)
def _runs_end_with_their_test() -> Iterator[None]:
    """A run that a test leaves going on would be the parent of the next one's."""
    yield
    if (ending := sys.modules.get("aidb.tracking.ending")) is not None:
        while (run := ending.current_run()) is not None:
            run.finish()
