"""Which runs have something new, found out without reading any.

A run whose writers have all finished costs one `stat` of its folder: whatever is added to it later (a tag, a note, a
resumed process) is a new file. The folder's change time cannot be set by anybody, so it is what is compared.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from aidb.tracking.journal.folder import JOURNAL, is_written

RACY = 1_000_000_000
"""Nanoseconds after a change of a folder in which another one might get the same time."""


class Seen(msgspec.Struct, array_like=True):
    """How a run's folder looked when it was read: the size of each journal, and when the folder had last changed.

    `settled` if none of the journals will grow, `live` if one of them was being written.
    """

    run: int
    changed: int
    settled: bool
    live: bool
    sizes: dict[str, int]


class Look(NamedTuple):
    """What a run's folder looks like now."""

    id: str
    changed: int
    sizes: dict[str, int]
    at: int

    @property
    def is_racy(self) -> bool:
        """Whether the folder changed so shortly before it was looked at that the next change may go unnoticed."""
        return self.at - self.changed < RACY


class Glance(NamedTuple):
    """What one look at the folder of all runs found: those that are not as they were seen, and the names of all."""

    changed: list[Look]
    names: set[str]


def glance(folder: Path, seen: Mapping[str, Seen]) -> Glance:
    """Look at every run below `folder`. One that cannot be looked at counts as unchanged."""
    import time

    found = Glance([], set())
    for entry in _entries(folder):
        at = time.time_ns()
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            look = _look(entry, seen.get(entry.name), at)
            found.names.add(entry.name)
            if look is not None:
                found.changed.append(look)
    return found


def _look(entry: os.DirEntry[str], known: Seen | None, at: int) -> Look | None:
    """What is new in a run's folder, None if nothing. Raises OSError if it is no folder that can be read."""
    changed = entry.stat().st_ctime_ns
    if known is not None and known.settled and known.changed == changed:
        return None
    sizes = {one.name: one.stat().st_size for one in os.scandir(entry.path) if one.name.endswith(JOURNAL)}
    if not sizes or (known is not None and _is_as_seen(Path(entry.path), known, sizes)):
        return None
    return Look(entry.name, changed, sizes, at)


def _is_as_seen(folder: Path, known: Seen, sizes: dict[str, int]) -> bool:
    """Whether nothing was logged, and the run still lives, or still does not."""
    return sizes == known.sizes and any(is_written(folder / name) for name in sizes) == known.live


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []
