"""What is kept of each metric of a run, so that a table of runs reads no points."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from aidb.metadata.catalog.bins import Points, bins_of_points, merged

_HIGH = (
    "acc",
    "auc",
    "f1",
    "precision",
    "recall",
    "score",
    "bleu",
    "rouge",
    "iou",
    "map",
    "reward",
    "return",
    "r2",
)
"""Words in the names of metrics of which more is better; of any other less is."""


class Summary(msgspec.Struct, array_like=True):
    """A series in a few numbers. `first` and `last` go by step, then by time. `numbers` of the points are not NaN.

    `min` and `max` are NaN if no point is a number.
    """

    first: float
    first_step: int
    first_time: float
    last: float
    last_step: int
    last_time: float
    min: float
    min_step: int
    max: float
    max_step: int
    total: float
    numbers: int
    count: int

    @property
    def mean(self) -> float | None:
        """The mean of what is not NaN."""
        return self.total / self.numbers if self.numbers else None

    def joined(self, later: Summary) -> Summary:
        """This series with more points, which were logged later."""
        begins = self if (self.first_step, self.first_time) <= (later.first_step, later.first_time) else later
        ends = later if (self.last_step, self.last_time) <= (later.last_step, later.last_time) else self
        lowest = (
            self
            if math.isnan(later.min) or _before(self.min, self.min_step, later.min, later.min_step)
            else later
        )
        highest = (
            self
            if math.isnan(later.max) or _before(-self.max, self.max_step, -later.max, later.max_step)
            else later
        )
        return Summary(
            begins.first,
            begins.first_step,
            begins.first_time,
            ends.last,
            ends.last_step,
            ends.last_time,
            lowest.min,
            lowest.min_step,
            highest.max,
            highest.max_step,
            self.total + later.total,
            self.numbers + later.numbers,
            self.count + later.count,
        )


def _before(value: float, step: int, other: float, other_step: int) -> bool:
    """Whether this extreme wins over the other: it is lower, or as low at an earlier step."""
    return not math.isnan(value) and (value, step) <= (other, other_step)


def higher_is_better(key: str) -> bool:
    """What the name of a metric says of its best value."""
    import re

    words = re.split(r"[^a-z0-9]+", key.lower())
    return any(word.startswith(_HIGH) for word in words) and "loss" not in words and "error" not in words


def summarize(series: Sequence[Points]) -> list[Summary]:
    """A summary of each of many series, none of them empty, all at once."""
    if not series:
        return []
    together = Points(*(np.concatenate(columns) for columns in zip(*series, strict=True)))
    lengths = np.array([len(points.steps) for points in series])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    found = merged(bins_of_points(together), starts)
    columns = (
        found.first,
        found.first_step,
        found.first_time,
        found.last,
        found.last_step,
        found.last_time,
        found.min,
        found.min_step,
        found.max,
        found.max_step,
        found.total,
        found.numbers,
        lengths,
    )
    return [Summary(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
