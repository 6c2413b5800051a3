"""Runs that differ in their seed only, as one row: the mean of each number and how far they spread."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

Spread = dict[str, float | int | None]


def group(columns: Mapping[str, Sequence[Any]], by: Sequence[str]) -> dict[str, list[Any]]:
    """A row per combination of the columns `by`: how many `runs`, and `X.mean`, `X.std`, `X.min`, `X.max` of numbers X.

    `std` is that of a sample, and missing for one run. Columns that are not numbers are left out. The order is that in
    which the groups first appear.
    """
    groups: dict[tuple[Any, ...], list[int]] = {}
    for at, key in enumerate(zip(*(map(_hashable, columns[one]) for one in by), strict=True)):
        groups.setdefault(key, []).append(at)
    result: dict[str, list[Any]] = {one: [columns[one][rows[0]] for rows in groups.values()] for one in by}
    result["runs"] = [len(rows) for rows in groups.values()]
    for column, values in columns.items():
        if column not in by and _are_numbers(values):
            spreads = [spread([values[at] for at in rows]) for rows in groups.values()]
            for statistic in ("mean", "std", "min", "max"):
                result[f"{column}.{statistic}"] = [one[statistic] for one in spreads]
    return result


def spread(values: Sequence[float | None]) -> Spread:
    """Mean, standard deviation, least and greatest of what is there and is no NaN."""
    known = [float(value) for value in values if value is not None and not math.isnan(value)]
    if not known:
        return {"mean": None, "std": None, "min": None, "max": None}
    finite = all(map(math.isfinite, known))
    std = statistics.stdev(known) if finite and len(known) > 1 else None
    return {"mean": statistics.fmean(known), "std": std, "min": min(known), "max": max(known)}


def _are_numbers(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in known
    )


def _hashable(value: Any) -> Any:
    return repr(value) if isinstance(value, list | dict) else value
