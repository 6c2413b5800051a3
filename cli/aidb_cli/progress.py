"""Progress bars on a terminal, drawn by rich.

A bar appears only for work that takes longer than a moment, and rich is imported only then; a thread of its own draws,
so that counting costs the working thread almost nothing.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import ProgressColumn

PATIENCE = 0.5
"""Seconds that work may take before a bar appears."""

_REFRESH = 0.1


class TerminalProgress:
    """A bar per task, erased when the task ends."""

    def __init__(self, stream: TextIO, *, color: bool) -> None:
        self._stream = stream
        self._color = color

    def task(self, label: str, total: int | None = None, unit: str = "files") -> TerminalTask:
        """Begin a piece of work."""
        return TerminalTask(self, label, total, unit)

    def bars(self, unit: str) -> RichProgress:
        """Rich's own progress display, for work counted in `unit`s."""
        from rich.console import Console
        from rich.progress import Progress

        console = Console(file=self._stream, no_color=not self._color)
        return Progress(*_columns(unit), console=console, transient=True, auto_refresh=False)


class TerminalTask:
    """Counts on the working threads, draws on another."""

    def __init__(self, owner: TerminalProgress, label: str, total: int | None, unit: str) -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done = 0
        self._owner = owner
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._draw, name="aidb-progress", daemon=True)
        self._thread.start()

    def advance(self, amount: int = 1) -> None:
        """Count `amount` more units as done; from any thread."""
        with self._lock:
            self.done += amount

    def close(self) -> None:
        """Erase the bar."""
        self._over.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _draw(self) -> None:
        if self._over.wait(PATIENCE):
            return
        with self._owner.bars(self.unit) as bars:
            task = bars.add_task(self.label, total=self.total)
            while not self._over.wait(_REFRESH):
                bars.update(task, completed=self.done)
                bars.refresh()


def _columns(unit: str) -> list[ProgressColumn]:
    from rich import progress as rich

    counted: list[ProgressColumn]
    if unit == "bytes":
        counted = [rich.DownloadColumn(binary_units=True), rich.TransferSpeedColumn()]
    else:
        counted = [rich.TextColumn("{task.completed:,.0f}"), _of_total(), rich.TextColumn(unit)]
    return [
        rich.SpinnerColumn(),
        rich.TextColumn("{task.description}"),
        rich.BarColumn(bar_width=30),
        *counted,
        rich.TimeRemainingColumn(elapsed_when_finished=True),
    ]


def _of_total() -> ProgressColumn:
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class OfTotal(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text("" if task.total is None else f"of {task.total:,.0f}")

    return OfTotal()
