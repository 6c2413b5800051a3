"""Seconds, bytes and other quantities as a person reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

MIB = 1 << 20


class Unit(NamedTuple):
    """What a row measures: how a person reads it, and whether twice as much means twice as bad."""

    show: Callable[[float], str]
    has_ratio: bool = True


def show_seconds(value: float) -> str:
    """Seconds as a person reads them."""
    if value < 0.001:
        return f"{value * 1e6:.1f} µs"
    if value < 0.1:
        return f"{value * 1000:.1f} ms" if value < 0.01 else f"{value * 1000:.0f} ms"
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


def show_bytes(value: float) -> str:
    """Bytes as a person reads them."""
    for unit in ("B", "KiB", "MiB"):
        if abs(value) < 1024:
            return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.2f} GiB"


def show_share(value: float) -> str:
    """A part of a whole; whatever is missing is seen."""
    if 0.99 < value < 1:
        return f"{min(value, 0.9999):.2%}"
    return f"{value:.0%}"


SECONDS = Unit(show_seconds)
BYTES = Unit(show_bytes)
BYTES_EACH = Unit(lambda value: f"{value:.1f} B")
TIMES = Unit(lambda value: f"{value:.2f}x", has_ratio=False)
SHARE = Unit(show_share, has_ratio=False)
COUNT = Unit(lambda value: f"{value:,.0f}", has_ratio=False)
RATE = Unit(lambda value: f"{value / 1e6:.2f} M/s", has_ratio=False)
