"""What counts as a number when it is logged: Python's, NumPy's, and whatever has a single one inside."""

from __future__ import annotations

import contextlib
import numbers
from typing import Any

from aidb.errors import InvalidInputError
from aidb.tracking.journal.frames import FLOAT, INTEGER

INT64 = range(-(1 << 63), 1 << 63)
_BY_KIND = {"f": FLOAT, "i": INTEGER, "u": INTEGER}


def number_type(value: object) -> str | None:
    """How `struct` packs this value as it is; None if it has to be made plain first."""
    if isinstance(value, float):
        return FLOAT
    if isinstance(value, int):
        return INTEGER
    if type(value).__module__ == "numpy" and not hasattr(value, "__len__"):
        return _BY_KIND.get(getattr(getattr(value, "dtype", None), "kind", ""))
    return None


def is_number(value: object) -> bool:
    """Whether `plain_number` takes it: a number, or an array or tensor that holds exactly one."""
    if isinstance(value, (int, float, numbers.Real)):
        return True
    size = getattr(value, "numel", None) or getattr(value, "size", None)
    return hasattr(value, "item") and (size() if callable(size) else size) == 1


def plain_number(key: str, value: Any) -> int | float:
    """The int or float that a value is. Raises InvalidInputError."""
    if isinstance(value, (int, float)):
        return value
    found: object = None
    with contextlib.suppress(TypeError, ValueError, OverflowError, RuntimeError):
        if hasattr(value, "item"):
            found = value.item()
        elif hasattr(value, "__float__"):  # text has none, though `float` takes it
            found = float(value)
    if not isinstance(found, (int, float)):
        raise no_number(key, value)
    return found


def no_number(key: str, value: object) -> InvalidInputError:
    """What who logs something else is told."""
    return InvalidInputError(
        f"{key} is {type(value).__name__}: a metric is a number, or an array or tensor that holds one"
    )


def fitting(value: int | float) -> int | float:
    """The value, as a float if it is an integer beyond 64 bits; an infinity if it is beyond those, too."""
    if not isinstance(value, int) or value in INT64:
        return value
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def checked_step(step: Any) -> int:
    """A step as an integer of 64 bits. Raises InvalidInputError."""
    found = plain_number("step", step)
    whole = int(found) if isinstance(found, int) or found.is_integer() else None
    if whole is not None and whole in INT64:
        return whole
    raise InvalidInputError(f"{step} cannot be a step: steps are whole numbers of 64 bits")
