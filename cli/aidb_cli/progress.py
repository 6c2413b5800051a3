"""Progress bars on a terminal, drawn by rich.

A bar appears only for work that takes longer than a moment, and rich is imported only then; a thread of its own draws,
so that counting costs the working thread almost nothing.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TextIO

from aidb_cli.words import size

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

PATIENCE = 0.5
"""Seconds that work may take before a bar appears."""

_REFRESH = 0.1


class TerminalTask:
    """One piece of work being counted, from any thread."""

    def __init__(self, label: str, total: int | None, unit: str) -> None:
        self.label, self.total, self.unit = label, total, unit
        self.began = time.monotonic()
        self.done = 0
        self.over = threading.Event()
        self._lock = threading.Lock()

    def advance(self, amount: int = 1) -> None:
        """Count `amount` more units as done."""
        with self._lock:
            self.done += amount

    def close(self) -> None:
        """The work ended; its bar goes away."""
        self.over.set()

    def text(self) -> str:
        """`1,234 of 2,000 files, 0:05 left`, or as much of it as is known."""
        elapsed = time.monotonic() - self.began
        if self.unit == "bytes":
            words = size(self.done) + (f" of {size(self.total)}" if self.total is not None else "")
            words += f", {size(int(self.done / elapsed))}/s" if elapsed else ""
        else:
            words = (
                f"{self.done:,}" + (f" of {self.total:,}" if self.total is not None else "") + f" {self.unit}"
            )
        if self.total and self.done:
            left = int(elapsed * max(0, self.total - self.done) / self.done)
            words += f", {left // 60}:{left % 60:02} left"
        return words


class TerminalProgress:
    """A bar for each task under way, erased when the task ends."""

    def __init__(self, stream: TextIO, *, color: bool) -> None:
        self._stream = stream
        self._color = color
        self._tasks: list[TerminalTask] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def task(self, label: str, total: int | None = None, unit: str = "files") -> TerminalTask:
        """Begin a piece of work."""
        task = TerminalTask(label, total, unit)
        with self._lock:
            self._tasks.append(task)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="aidb-progress", daemon=True)
                self._thread.start()
        return task

    def close(self) -> None:
        """Erase everything, also bars of tasks that an error cut short, before anything else is printed."""
        for task in list(self._tasks):
            task.close()
        if (thread := self._thread) is not None:
            thread.join()

    def _run(self) -> None:
        """Wait in silence, then draw; until no task is left."""
        while self._goes_on():
            until = time.monotonic() + PATIENCE
            while (tasks := self._left()) and time.monotonic() < until:
                tasks[0].over.wait(until - time.monotonic())
            if tasks:
                self._draw()

    def _goes_on(self) -> bool:
        """Whether there is a task; if not, the next one will need another thread."""
        with self._lock:
            going = any(not task.over.is_set() for task in self._tasks)
            if not going:
                self._thread = None
            return going

    def _left(self) -> list[TerminalTask]:
        with self._lock:
            self._tasks = [task for task in self._tasks if not task.over.is_set()]
            return self._tasks

    def _draw(self) -> None:
        bars: dict[TerminalTask, TaskID] = {}
        with self._display() as display:
            while tasks := self._left():
                for ended in bars.keys() - set(tasks):
                    display.remove_task(bars.pop(ended))
                for task in tasks:
                    if task not in bars:
                        bars[task] = display.add_task(task.label, total=task.total, text="")
                    display.update(bars[task], completed=task.done, text=task.text())
                display.refresh()
                tasks[0].over.wait(_REFRESH)

    def _display(self) -> RichProgress:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        console = Console(file=self._stream, no_color=not self._color)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[text]}"),
        )
        return Progress(*columns, console=console, transient=True, auto_refresh=False)
