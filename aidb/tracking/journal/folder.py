"""Where runs lie: `.aidb/runs/<run>/`, and what is in such a folder."""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import math
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from aidb.errors import AidbError, InvalidNameError
from aidb.tracking.journal.events import Event, Writer

if TYPE_CHECKING:
    from aidb.tracking.journal.reader import Points

RUNS = "runs"
JOURNAL = ".journal"
CONSOLE = ".log"
FILES = "files"
COMMITS = "commits"

QUIET = 60.0
"""Seconds without a change after which a file that nobody holds locked is taken to have been left behind."""

_RUN_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}", re.IGNORECASE)


def check_run_id(run: str) -> str:
    """Raise InvalidNameError unless `run` can be the name of a folder and of a branch on every system."""
    if _RUN_ID.fullmatch(run) and ".." not in run and not run.endswith((".", ".lock")):
        return run
    raise InvalidNameError(
        f"{run!r} cannot be the id of a run", hints=("Use letters, digits, '-', '_' and '.', 80 at most.",)
    )


def run_ids(runs: Path) -> list[str]:
    """The runs in a folder of runs, oldest first if their ids were made by aidb."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(
            entry.name for entry in os.scandir(runs) if entry.is_dir() and _RUN_ID.fullmatch(entry.name)
        )
    return []


def journals(folder: Path) -> list[Path]:
    """The journals of a run, in the order of their names."""
    return sorted(folder.glob("*" + JOURNAL))


def host_part(host: str) -> str:
    """A host's name as writers' names begin with it."""
    return re.sub(r"[^A-Za-z0-9]+", "-", host).strip("-")[:40] or "host"


def is_written(journal: Path) -> bool:
    """Whether a process still writes this file: it holds it locked or, on another host, changed it just now."""
    try:
        fd = os.open(journal, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no flock here
        return time.time() - os.fstat(fd).st_mtime < QUIET
    else:
        from_here = journal.name.startswith(host_part(socket.gethostname()) + "-")
        return not from_here and time.time() - os.fstat(fd).st_mtime < QUIET
    finally:
        os.close(fd)


def cat(folder: Path) -> Iterator[dict[str, Any]]:
    """Everything that a run logged, as JSON can say it, in the order of its times; each with its `writer`.

    Numbers that JSON lacks are the texts NaN, Infinity and -Infinity. At the end of a file that does not end behind its
    last frame, or cannot be read, there is a `torn` with the reason.
    """
    return heapq.merge(*map(_cat_journal, journals(folder)), key=lambda found: float(found["time"]))


def _cat_journal(path: Path) -> Iterator[dict[str, Any]]:
    from aidb.tracking.journal.reader import JournalReader, Points

    writer = {"writer": path.name.removesuffix(JOURNAL)}
    latest = 0.0
    reader = JournalReader(path)
    rows: list[tuple[int, dict[str, Any]]] = []

    def in_order() -> Iterator[dict[str, Any]]:
        nonlocal latest
        for _, row in sorted(rows, key=lambda row: row[0]):
            latest = row["time"]
            yield {**row, **writer}
        rows.clear()

    try:
        for item in reader:
            if isinstance(item, Points):
                rows += _rows(item)
                continue
            yield from in_order()
            latest = item.time
            yield {**_event(item), **writer}
        yield from in_order()
    except AidbError as error:
        yield {"type": "torn", "time": latest, "reason": error.message, **writer}
    if reader.torn is not None:
        torn = reader.torn
        yield {"type": "torn", "time": latest, "offset": torn.offset, "reason": torn.reason, **writer}


def _rows(points: Points) -> Iterator[tuple[int, dict[str, Any]]]:
    columns = [points.column(index).tolist() for index in range(len(points.keys))]
    places = zip(points.at.tolist(), points.steps.tolist(), points.times.tolist(), strict=True)
    for row, (at, step, when) in enumerate(places):
        values = {key: _plain(column[row]) for key, column in zip(points.keys, columns, strict=True)}
        yield at, {"type": "points", "time": when, "step": step, "values": values}


def _event(item: Event | Writer) -> dict[str, Any]:
    kind = {"type": "writer"} if isinstance(item, Writer) else {}
    found: dict[str, Any] = {**kind, **msgspec.to_builtins(item)}
    return {key: _plain(value) for key, value in found.items()}


def _plain(value: Any) -> Any:
    """The value without numbers that JSON lacks."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
