"""Neighbouring points of a series as one *bin*: its first, last, lowest and highest point and its sum.

A picture of a million points needs no million points: whatever is drawn at some hundred columns keeps its extremes when
it is drawn from bins. A single point is a bin, too, so what reads bins reads points.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

SIZE = 128
"""Points of a bin."""
FROM = 4096
"""Points from which on a series has bins; shorter ones are read as they are."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Points(NamedTuple):
    """A series, or a part of one: sorted by step, then by time."""

    steps: Ints
    times: Floats
    values: Floats

    def __len__(self) -> int:  # the points, not the three columns
        return len(self.steps)

    def taken(self, which: Any) -> Points:
        """Some of the points: an index, a mask or an order."""
        return Points(self.steps[which], self.times[which], self.values[which])


class Bins(NamedTuple):
    """Columns of the table `bins`, without run and key."""

    first_step: Ints
    first_time: Floats
    first: Floats
    last_step: Ints
    last_time: Floats
    last: Floats
    min: Floats
    min_step: Ints
    min_time: Floats
    max: Floats
    max_step: Ints
    max_time: Floats
    total: Floats
    numbers: Ints

    def taken(self, which: Any) -> Bins:
        """Some of the bins: a slice, a mask or an order."""
        columns: list[Any] = [column[which] for column in self]
        return Bins(*columns)


def bins_of_points(points: Points) -> Bins:
    """Every point as a bin."""
    steps, times, values = points
    known = ~np.isnan(values)
    columns: list[Any] = [steps, times, values] * 2 + [values, steps, times] * 2
    columns += [np.where(known, values, 0.0), known.astype(np.int64)]
    return Bins(*columns)


def bin_points(points: Points) -> Bins:
    """A series as bins of `SIZE` points; the last one may have fewer."""
    return merged(bins_of_points(points), np.arange(0, len(points.steps), SIZE))


def merged(bins: Bins, starts: Ints) -> Bins:
    """Neighbouring bins as one: a new one begins at each of `starts`, which ascend from 0."""
    ends = np.append(starts[1:], len(bins.first)) - 1
    lowest, highest = _extremes(bins, starts)
    with np.errstate(invalid="ignore", over="ignore"):
        total = np.add.reduceat(bins.total, starts)
    places = [starts] * 3 + [ends] * 3 + [lowest] * 3 + [highest] * 3
    columns: list[Any] = [column[place] for column, place in zip(bins, places, strict=False)]
    columns += [total, np.add.reduceat(bins.numbers, starts)]
    return Bins(*columns)


def _extremes(bins: Bins, starts: Ints) -> tuple[Ints, Ints]:
    """Where in each group the lowest and the highest value is: the first of equal ones; any place if all are NaN."""
    group = np.zeros(len(bins.first), dtype=np.int64)
    group[starts[1:]] = 1
    group = np.cumsum(group)
    places = np.arange(len(group))
    found = []
    with np.errstate(invalid="ignore"):
        for values, reduce in ((bins.min, np.fmin), (bins.max, np.fmax)):
            extreme = reduce.reduceat(values, starts)
            hits = places[values == extreme[group]]
            where = starts.copy()
            # Written from behind, so that the first of equal ones stays.
            where[group[hits][::-1]] = hits[::-1]
            found.append(where)
    return cast("tuple[Ints, Ints]", tuple(found))
