"""How long work tells how far it is, without knowing who listens.

The library reports to a `Progress`; the shells decide what a person sees. `SILENT` is the default and costs nothing.
"""

from __future__ import annotations

from typing import Protocol


class Task(Protocol):
    """One piece of work being counted."""

    def advance(self, amount: int = 1) -> None:
        """Count `amount` more units as done."""

    def close(self) -> None:
        """The work ended, well or not."""


class Progress(Protocol):
    """Somebody who wants to know how long work is going."""

    def task(self, label: str, total: int | None = None, unit: str = "files") -> Task:
        """Begin a piece of work. `total` is in `unit`s ("files", "bytes", "packs", …), None when unknown."""


class _Silent:
    def task(self, label: str, total: int | None = None, unit: str = "files") -> Task:
        return self

    def advance(self, amount: int = 1) -> None:
        pass

    def close(self) -> None:
        pass


SILENT: Progress = _Silent()
