"""All that is known of a run but its points: what its journals came to, and how far they were read."""

from __future__ import annotations

from typing import Any

import msgspec

from aidb.metadata.catalog.summary import Summary
from aidb.tracking.journal.reader import Position

Value = str | int | float | bool | None | list[Any] | dict[str, Any]


class Artifact(msgspec.Struct, array_like=True):
    """Something a run logged that is no number: media, a table, a checkpoint. `json` is what the journal says of it."""

    kind: str
    name: str
    step: int | None
    time: float | None
    json: str


class Data(msgspec.Struct, array_like=True):
    """Data that a run read or wrote: `direction` is `read` or `write`."""

    direction: str
    commit: str
    path: str
    revision: str
    step: int | None
    time: float | None


class Cut(msgspec.Struct, array_like=True, frozen=True):
    """The run was rewound: what was logged before at greater steps does not count.

    For its own writer, before is a place in the file; for all others it is a time.
    """

    step: int
    time: float
    journal: str
    at: int


class Ending(msgspec.Struct, array_like=True):
    """How a writer said that the run ended."""

    time: float
    status: str
    error: str


class Record(msgspec.Struct):
    """One run. `run` is its number in the catalog; `id` the name of its folder.

    Whatever may be set again is kept with the time at which it was, so that journals may be read in any order.
    `positions` says for each journal how far it was read, `problems` which could not be read, and why.
    """

    id: str
    run: int
    status: str = "running"
    name: tuple[float, str] = (0.0, "")
    notes: tuple[float, str] = (0.0, "")
    params: dict[str, tuple[float, Value]] = {}
    tags: dict[str, tuple[float, bool]] = {}
    experiment: str | None = None
    started: float | None = None
    begun: float = 0.0
    parent: str | None = None
    fork: tuple[str, int] | None = None
    starters: list[str] = []
    endings: dict[str, Ending] = {}
    host: str | None = None
    captured: dict[str, dict[str, Any]] = {}
    artifacts: list[Artifact] = []
    data: list[Data] = []
    summaries: dict[str, Summary] = {}
    cuts: list[Cut] = []
    positions: dict[str, Position] = {}
    problems: dict[str, str] = {}

    @property
    def ending(self) -> Ending | None:
        """How the run ended, as the last of its writers said; None while it has not, or began again since."""
        found = [ending for writer, ending in self.endings.items() if writer in self.starters]
        last = max(found, key=lambda ending: ending.time, default=None)
        return None if last is None or last.time < self.begun else last

    def add_summaries(self, found: dict[str, Summary]) -> None:
        """Take over summaries of points that were logged later than those known."""
        for key, summary in found.items():
            known = self.summaries.get(key)
            self.summaries[key] = summary if known is None else known.joined(summary)
