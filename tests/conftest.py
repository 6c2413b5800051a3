"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Nothing about time: a test may run on a machine that is busy with something else. Examples may share a fixture.
settings.register_profile(
    "aidb", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("aidb")
