"""How sizes, counts and times are put for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb.notebook import human_bytes as size

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["age", "count", "plus", "share", "size", "when"]

_AGES = ((60, "second"), (60, "minute"), (24, "hour"), (7, "day"), (4.35, "week"), (12, "month"))


def count(number: int, noun: str, plural: str = "") -> str:
    """`count(4210, "file")` → `4,210 files`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def plus(number: int) -> str:
    """A size with its sign: what a change adds."""
    return f"+{size(number)}" if number >= 0 else f"-{size(-number)}"


def share(part: float, whole: float) -> str:
    """`part` of `whole` in per cent; nothing of nothing is 0%."""
    return f"{100 * part / whole:.0f}%" if whole else "0%"


def when(time: datetime) -> str:
    """A commit's time as Git shows it, in the zone it was made in."""
    return f"{time:%a %b} {time.day} {time:%H:%M:%S %Y %z}"


def age(then: datetime, now: datetime) -> str:
    """`3 hours ago`."""
    value = max(0.0, (now - then).total_seconds())
    for length, name in _AGES:
        if value < length:
            return f"{count(int(value), name)} ago"
        value /= length
    return f"{count(int(value), 'year')} ago"
