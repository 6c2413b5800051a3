"""Points in time as people write them (`2026-11-01`, `yesterday`, `2 weeks ago`), and spans (`2w`, `36 hours`)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from aidb.errors import InvalidInputError

_UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
_NAMED = {"now": timedelta(0), "yesterday": timedelta(days=1)}
_AGO = re.compile(r"(\d{1,6}|an?)[ .]+([a-z]+?)s?[ .]+ago")


_SPAN = re.compile(r"(\d{1,6}) *([a-z]+)")
_LONGEST = timedelta(days=36_500)
_SHORT = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "y": "year"}


def parse_span(text: str) -> timedelta:
    """A length of time. `0` and `now` are none. Raises InvalidInputError."""
    plain = text.strip().lower()
    if plain in ("0", "now"):
        return timedelta(0)
    found = _SPAN.fullmatch(plain)
    unit = found and _UNITS.get(_SHORT.get(found.group(2)) or found.group(2).removesuffix("s"))
    if not found or not unit or (span := int(found.group(1)) * unit) > _LONGEST:
        raise InvalidInputError(
            f"{text!r} is not a length of time",
            hints=("Write it like 2w, 14d, 36h, 90 minutes, or 0 for none.",),
        )
    return span


def parse_when(text: str, now: datetime | None = None) -> datetime:
    """A point in time with its zone; without one, that of this machine is meant. Raises InvalidInputError.

    A date alone means its first moment.
    """
    now = now or datetime.now().astimezone()
    plain = text.strip().lower()
    if plain in _NAMED:
        return now - _NAMED[plain]
    if plain == "today":
        return now.replace(hour=0, minute=0, second=0, microsecond=0)
    if (ago := _AGO.fullmatch(plain)) and ago.group(2) in _UNITS:
        number = 1 if ago.group(1).startswith("a") else int(ago.group(1))
        return _before(now, number * _UNITS[ago.group(2)])
    try:
        found = datetime.fromisoformat(text.strip())
        return found if found.tzinfo is not None else found.astimezone()
    except (ValueError, OverflowError):
        raise InvalidInputError(
            f"{text!r} is not a point in time",
            hints=('Write it like 2026-11-01, "2026-11-01 12:30", yesterday or "2 weeks ago".',),
        ) from None


def _before(now: datetime, span: timedelta) -> datetime:
    try:
        return now - span
    except OverflowError:
        return datetime.min.replace(tzinfo=now.tzinfo, year=1970)
