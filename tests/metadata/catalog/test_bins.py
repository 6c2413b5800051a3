from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aidb.metadata.catalog.bins import SIZE, Points, bin_points, bins_of_points, merged

VALUES = st.lists(
    st.floats(-5, 5) | st.sampled_from([math.nan, math.inf, -math.inf]), min_size=1, max_size=40
)


def points(values: list[float]) -> Points:
    steps = np.arange(len(values), dtype=np.int64)
    return Points(steps, steps.astype(np.float64) * 0.5, np.array(values))


@given(VALUES, st.data())
def test_merged_bins_know_what_their_points_were(values: list[float], data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(1, len(values)), max_size=5))
    starts = sorted({0, *(cut for cut in cuts if cut < len(values))})
    found = merged(bins_of_points(points(values)), np.array(starts))
    for at, (start, end) in enumerate(zip(starts, [*starts[1:], len(values)], strict=True)):
        known = [
            (value, step) for step, value in enumerate(values[start:end], start) if not math.isnan(value)
        ]
        assert (found.first_step[at], found.last_step[at]) == (start, end - 1)
        assert found.numbers[at] == len(known)
        if not known:
            assert math.isnan(found.min[at])
            assert math.isnan(found.max[at])
            continue
        lowest, highest = min(known), max(known, key=lambda one: (one[0], -one[1]))
        assert (found.min[at], found.min_step[at]) == lowest
        assert (found.max[at], found.max_step[at]) == highest


def test_bins_of_bins_are_bins_of_points() -> None:
    values = np.random.default_rng(1).normal(size=16 * SIZE)
    many = points(list(values))
    assert len(bin_points(many).first) == 16
    twice = merged(bin_points(many), np.arange(0, 16, 4))
    once = merged(bins_of_points(many), np.arange(0, 16 * SIZE, 4 * SIZE))
    for one, other in zip(twice, once, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
