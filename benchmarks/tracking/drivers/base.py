"""What every driver offers, under the name `Tracker`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

PREFIX = "bench"
"""What the keys of our points begin with, so that what a tracker logs by itself is not counted."""

Log = Callable[..., Any]
"""`log({key: number}, step=number)`, as the tool itself has it wherever it does."""

Values = Mapping[str, float]


class Tracker(Protocol):
    """One run with one tool, in `place`, which several runs may share."""

    def __init__(self, place: Path) -> None: ...

    def start(self, name: str) -> Log:
        """Begin a run called `name`; what logs to it."""
        ...

    def finish(self) -> None:
        """End the run as its documentation says."""
        ...

    def points(self) -> int:
        """How many of our points are in `place`, of all runs; asked in a process that logs nothing."""
        ...
