"""How values of runs are put for a person and for JSON."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from aidb.types import show_path
from aidb_cli.output import Json
from aidb_cli.words import age

WIDEST = 40
"""Longer values are cut in tables."""
_MOST_DECIMALS = 7


def text(value: Any, widest: int = WIDEST) -> str:
    """A value in a cell: numbers with what digits they need, no more than a person reads."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return number(value)
    if isinstance(value, datetime):
        # SQL may take the zone away; then nobody can tell how long ago that was.
        return age(value, datetime.now(UTC)) if value.tzinfo else value.isoformat(" ", "milliseconds")
    if isinstance(value, list):
        value = ", ".join(text(one) for one in value)
    shown = show_path(str(value))
    return shown if len(shown) <= widest else shown[: widest - 1] + "…"


def number(value: float) -> str:
    """`0.98812`, `1.2e-05`, `3`: five digits."""
    if not math.isfinite(value):
        return str(value)
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e6 else f"{value:.5g}"


def spread(mean: float | None, std: float | None) -> str:
    """`0.9333 ± 0.0027`: two digits of the deviation, and those of the mean that they leave meaning to."""
    if mean is None:
        return ""
    if std is None or not math.isfinite(std) or std <= 0:
        return number(mean) + (" ± 0" if std == 0 else "")
    decimals = 1 - math.floor(math.log10(std))
    if not 0 <= decimals <= _MOST_DECIMALS:
        return f"{number(mean)} ± {std:.2g}"
    return f"{mean:.{decimals}f} ± {std:.{decimals}f}"


def span(seconds: float | None) -> str:
    """`1h 02m`, `3m 10s`, `4.2s`."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02d}m" if hours else f"{minutes}m {rest:02d}s"


def json_value(value: Any) -> Json:
    """A value as JSON: times as ISO 8601; NaN and infinities, which JSON lacks, as texts."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: json_value(one) for key, one in value.items()}
    return [json_value(one) for one in value] if isinstance(value, list | tuple) else value
