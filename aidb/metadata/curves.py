"""Curves: a metric over steps, time or another metric, with no more points than can be seen.

Downsampling keeps what the eye would notice: of each stretch of the axis the first, the lowest, the highest and the
last point (M4), so that drawing the result at that many columns draws what drawing all the points would draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aidb.metadata.catalog.bins import Bins, Floats, Ints, Points, merged

Axis = Literal["step", "time"]

PER_STRETCH = 4
"""Points that a stretch of the axis is drawn with at most."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of one run. `x` is what it is drawn over; `smoothed` has a value for each point if asked for.

    `times` are seconds since 1970. `count` is how many points there are in the range asked for.
    """

    run: str
    name: str
    key: str
    count: int
    points: Points
    x: Floats
    smoothed: Floats | None = None

    @property
    def y(self) -> Floats:
        return self.points.values


def sample(bins: Bins, axis: Axis, most: int) -> Points:
    """At most `most` points that look like all of them, sorted along the axis. Four are the fewest that can."""
    order = np.argsort(bins.first_time if axis == "time" else bins.first_step, kind="stable")
    if (order[1:] < order[:-1]).any():
        bins = bins.taken(order)
    x = (bins.first_time if axis == "time" else bins.first_step).astype(np.float64)
    if len(x) > most // PER_STRETCH:
        bins = merged(bins, _stretches(x, max(1, most // PER_STRETCH)))
    return _corners(bins, axis)


def every_point(bins: Bins, axis: Axis) -> Points:
    """What bins of one point each say, sorted along the axis."""
    points = Points(bins.first_step, bins.first_time, bins.first)
    return points.taken(np.argsort(points.times, kind="stable")) if axis == "time" else points


def _stretches(x: Floats, count: int) -> Ints:
    """Where each of `count` equal stretches of the axis begins; those without points are left out."""
    width = x[-1] - x[0]
    if not width > 0:
        return np.zeros(1, dtype=np.int64)
    stretch = np.minimum(((x - x[0]) / width * count).astype(np.int64), count - 1)
    return np.flatnonzero(np.diff(stretch, prepend=-1))


def _corners(bins: Bins, axis: Axis) -> Points:
    """First, lowest, highest and last point of each bin, each point once."""
    steps = np.column_stack([bins.first_step, bins.min_step, bins.max_step, bins.last_step]).ravel()
    times = np.column_stack([bins.first_time, bins.min_time, bins.max_time, bins.last_time]).ravel()
    values = np.column_stack([bins.first, bins.min, bins.max, bins.last]).ravel()
    keys = (steps, times) if axis == "time" else (times, steps)
    order = np.lexsort(keys)
    points = Points(steps, times, values).taken(order)
    again = (np.diff(points.steps) == 0) & (np.diff(points.times) == 0) & _same(points.values)
    return points.taken(np.flatnonzero(np.concatenate([[True], ~again])))


def _same(values: Floats) -> NDArray[np.bool_]:
    both_nan = np.isnan(values[1:]) & np.isnan(values[:-1])
    return np.equal(values[1:], values[:-1]) | both_nan


def smooth(x: Floats, y: Floats, weight: float) -> Floats:
    """An exponential moving average, `weight` (0 to below 1) being what is kept over an average distance of points.

    It starts unbiased, and skips what is not finite. Points that lie close together count less than those far apart,
    so the curve does not depend on how densely it was sampled.
    """
    finite = np.isfinite(y)
    result = np.full(len(y), np.nan)
    if not finite.any():
        return result
    distances = np.diff(x[finite], prepend=x[finite][0])
    usual = distances[1:].mean() if len(distances) > 1 else 1.0
    kept = (
        np.power(weight, np.maximum(distances, 0) / usual) if usual > 0 else np.full(len(distances), weight)
    )
    kept[0] = 0.0
    average, smoothed = 0.0, []
    for value, keep in zip(y[finite].tolist(), kept.tolist(), strict=True):
        average = keep * average + (1 - keep) * value
        smoothed.append(average)
    result[finite] = smoothed
    return result


def align(curves: Sequence[Curve], most: int = 500) -> tuple[Floats, Floats]:
    """The curves at common places of their axis: the places, and a row of values per curve.

    Between points a curve is a straight line, outside of them NaN. The places are those of the points, thinned out.
    """
    found = [curve.x[np.isfinite(curve.y)] for curve in curves]
    places = np.unique(np.concatenate(found)) if found else np.empty(0)
    if len(places) > most:
        places = places[np.linspace(0, len(places) - 1, most).astype(np.int64)]
    rows = [_at(curve, places) for curve in curves]
    return places, np.array(rows).reshape(len(curves), len(places))


def _at(curve: Curve, places: Floats) -> Floats:
    known = np.isfinite(curve.y)
    if not known.any():
        return np.full(len(places), np.nan)
    values: Floats = np.interp(places, curve.x[known], curve.y[known], left=np.nan, right=np.nan)
    return values
