"""A journal that keeps nothing: what a disabled run writes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aidb.tracking.journal.events import Event


class SilentWriter:
    """Takes what a JournalWriter takes."""

    records = False

    def points(self, values: Mapping[str, Any], step: int, now: float) -> None:
        """Nothing is checked either."""

    def event(self, event: Event) -> None:
        """Forgets it."""

    def keep_commit(self, commit: str) -> None:
        """Forgets it."""

    def close(self) -> None:
        """Nothing to do."""
