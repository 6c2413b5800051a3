"""What a run was like until now: for going on with it, and for forking it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aidb.errors import NotFoundError
from aidb.tracking.journal.events import Event, Finish, Name, Params, Rewind, Start, Tags
from aidb.tracking.journal.folder import journals


@dataclass
class Past:
    """The state that a run's journal adds up to, as far as logging goes on from it."""

    experiment: str = ""
    name: str = ""
    parent: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    forked_from: str | None = None
    last_step: int = -1
    started: bool = False
    """Whether it has begun; other ranks may have been faster."""
    status: str | None = None


def read_past(folder: Path) -> Past:
    """Read a run's journals. Raises NotFoundError if there is no such run."""
    files = journals(folder)
    if not files:
        raise NotFoundError(
            f"there is no run {folder.name}", hints=(f"`ls {folder.parent}` shows the ids of all runs here.",)
        )
    past = Past()
    steps: list[tuple[float, int]] = []
    for time, what in sorted(
        (each for path in files for each in _steps_and_events(path)), key=lambda each: each[0]
    ):
        if isinstance(what, int):
            steps.append((time, what))
        elif isinstance(what, Rewind):
            steps = [(when, min(step, what.step)) for when, step in steps]
        else:
            _apply(past, what)
    past.last_step = max((step for _, step in steps), default=-1)
    return past


def _steps_and_events(path: Path) -> Iterator[tuple[float, int | Event]]:
    """Events, and the highest step of the points between two of them; system metrics have steps of their own."""
    from aidb.tracking.journal.reader import JournalReader, Points

    for item in JournalReader(path):
        if isinstance(item, Points):
            if not item.keys[0].startswith("system/"):
                yield float(item.times[-1]), int(item.steps.max())
        elif isinstance(item, Event):
            yield item.time, item


def _apply(past: Past, event: Event) -> None:
    if isinstance(event, Start):
        past.experiment, past.name, past.status = event.experiment, event.name, None
        past.started = True
        past.parent, past.forked_from = event.parent, event.forked_from or past.forked_from
    elif isinstance(event, Name):
        past.name = event.name
    elif isinstance(event, Params):
        past.params.update(event.values)
    elif isinstance(event, Tags):
        past.tags = (past.tags | set(event.add)) - set(event.remove)
    elif isinstance(event, Finish):
        past.status = event.status
