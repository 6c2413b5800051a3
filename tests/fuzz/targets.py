"""Every fuzz target by name."""

from __future__ import annotations

from tests.fuzz import history_targets, store_targets, workspace_targets
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for target in [*store_targets.TARGETS, *history_targets.TARGETS, *workspace_targets.TARGETS]
}
