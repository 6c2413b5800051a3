"""Changing what is said of a run, and taking runs away.

A tag or a note is an event like any other: it goes into the run's journal, in a file of its own, so whoever copies the
folder has it. A run that is taken away is only renamed; what it read and made is kept from garbage collection.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from aidb.errors import NotFoundError, RefusedError
from aidb.files import fsync_directory, storage_errors
from aidb.tracking.journal.events import Event
from aidb.tracking.journal.folder import check_run_id, is_written, journals
from aidb.tracking.journal.writer import JournalWriter

TRASH = ".trash."
"""What the folder of a run in the trash begins with."""


def append(runs: Path, run: str, event: Event) -> None:
    """Add an event to a run, in a journal of its own."""
    problems: list[str] = []
    writer = JournalWriter(runs / run, run, warn=problems.append)
    try:
        writer.event(event)
    finally:
        writer.close()
    if problems:
        raise RefusedError(problems[0])


def discard(runs: Path, run: str, *, force: bool = False) -> None:
    """Put a run into the trash. Raises RefusedError while a process logs to it, unless `force`."""
    if not force and any(is_written(path) for path in journals(runs / run)):
        raise RefusedError(
            f"a process still logs to run {run}", hints=("Wait until it has ended, or give --force.",)
        )
    _rename(runs / run, runs / f"{TRASH}{run}")


def restore(runs: Path, run: str) -> None:
    """Bring a run back from the trash. Raises NotFoundError."""
    place = runs / f"{TRASH}{check_run_id(run)}"
    if not place.is_dir():
        raise NotFoundError(
            f"there is no run {run} in the trash", hints=("`aidb runs rm --list` lists what is.",)
        )
    _rename(place, runs / run)


def trashed(runs: Path) -> list[str]:
    """The ids of the runs in the trash."""
    if not runs.is_dir():
        return []
    return sorted(name.removeprefix(TRASH) for name in os.listdir(runs) if name.startswith(TRASH))


def empty_trash(runs: Path) -> list[str]:
    """Delete the runs in the trash for good; return their ids."""
    gone = trashed(runs)
    with storage_errors("emptying the trash of runs"):
        for run in gone:
            shutil.rmtree(runs / f"{TRASH}{run}")
    return gone


def _rename(old: Path, new: Path) -> None:
    with storage_errors("moving a run"):
        os.rename(old, new)
        fsync_directory(new.parent)
