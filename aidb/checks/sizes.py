"""Sizes as people write them: `4096`, `"10 MiB"`, `"2 GB"`."""

from __future__ import annotations

import re

from aidb.errors import InvalidInputError

_UNITS = {"": 1, "b": 1}
_UNITS |= {f"{letter}b": 1000**power for power, letter in enumerate("kmgt", start=1)}
_UNITS |= {f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", start=1)}
_SIZE = re.compile(r"\s*(\d{1,15}(?:\.\d{1,6})?)\s*([a-z]*)\s*", re.IGNORECASE | re.ASCII)


def parse_size(value: int | str) -> int:
    """A number of bytes. Raises InvalidInputError."""
    if isinstance(value, int):
        return value
    found = _SIZE.fullmatch(value)
    unit = None if found is None else _UNITS.get(found[2].lower())
    if found is None or unit is None:
        raise InvalidInputError(
            f"{value!r} is not a size", hints=('Write a number of bytes, or for example "10 MiB" or "2 GB".',)
        )
    return int(float(found[1]) * unit)
