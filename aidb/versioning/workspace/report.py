"""Short notes for people: how many, and the first few names."""

from __future__ import annotations

from collections.abc import Sequence

from aidb.types import show_path
from aidb.versioning.head import Head

SHOWN = 3


def some(paths: Sequence[bytes | str]) -> str:
    """`a, b, c and 4 more`."""
    names = ", ".join(show_path(path) for path in paths[:SHOWN])
    rest = len(paths) - SHOWN
    return f"{names} and {rest:,} more" if rest > 0 else names


def named(paths: Sequence[bytes]) -> str:
    """The paths that a command was given, in short; `.` stands for all."""
    return some([path or b"." for path in paths])


def update_command(head: Head) -> str:
    """What brings a workspace that HEAD has moved away from up to date."""
    return f"aidb switch {head.branch or '--detach HEAD'}"


def counted(count: int, noun: str) -> str:
    """`1 file`, `2,000 files`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
