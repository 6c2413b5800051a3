"""All that is known of a run but its points: what its journals came to, and how far they were read."""

from __future__ import annotations

from typing import Any

import msgspec

from aidb.metadata.catalog.summary import Summary

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


class Record(msgspec.Struct):
    """One run. `run` is its number in the catalog; `id` the name of its folder.

    `positions` says for each journal how far it was read, `ended_writers` which of them will not grow; `problems` which
    could not be read, and why.
    """

    id: str
    run: int
    name: str | None = None
    experiment: str | None = None
    status: str = "running"
    started: float | None = None
    ended: float | None = None
    user: str | None = None
    host: str | None = None
    commit: str | None = None
    notes: str | None = None
    parent: str | None = None
    command: str | None = None
    error: str | None = None
    fork: tuple[str, int | None] | None = None
    params: dict[str, Value] = {}
    tags: list[str] = []
    artifacts: list[Artifact] = []
    data: list[Data] = []
    summaries: dict[str, Summary] = {}
    positions: dict[str, Any] = {}
    ended_writers: list[str] = []
    problems: dict[str, str] = {}

    def add_summaries(self, found: dict[str, Summary]) -> None:
        """Take over summaries of points that were logged later than those known."""
        for key, summary in found.items():
            known = self.summaries.get(key)
            self.summaries[key] = summary if known is None else known.joined(summary)
