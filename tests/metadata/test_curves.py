from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aidb.metadata.catalog.bins import Points, bin_points, bins_of_points
from aidb.metadata.curves import Curve, align, every_point, sample, smooth

VALUES = st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), min_size=1, max_size=200)


def points(values: list[float]) -> Points:
    steps = np.arange(len(values), dtype=np.int64)
    return Points(steps, steps.astype(np.float64) * 2.0, np.array(values, dtype=np.float64))


@given(VALUES, st.integers(4, 60), st.sampled_from(["step", "time"]))
def test_a_sample_keeps_ends_and_extremes(values: list[float], most: int, axis: str) -> None:
    found = sample(bins_of_points(points(values)), axis, most)  # type: ignore[arg-type]
    assert len(found) <= max(most, 4)
    assert (found.steps[0], found.steps[-1]) == (0, len(values) - 1)
    assert (np.diff(found.steps) >= 0).all()
    if any(not math.isnan(value) for value in values):
        assert np.nanmin(found.values) == np.nanmin(values)
        assert np.nanmax(found.values) == np.nanmax(values)
    for step, value in zip(found.steps, found.values, strict=True):
        np.testing.assert_equal(value, values[step])


@given(VALUES)
def test_few_points_are_all_there(values: list[float]) -> None:
    found = sample(bins_of_points(points(values)), "step", 4 * len(values))
    np.testing.assert_equal(found.values, values)
    np.testing.assert_equal(every_point(bins_of_points(points(values)), "time").values, values)


def test_each_stretch_keeps_its_own_extremes_also_when_drawn_from_bins() -> None:
    values = np.random.default_rng(3).normal(size=100_000)
    found = sample(bin_points(points(values.tolist())), "step", 400)
    assert len(found) <= 400
    for start in range(0, 100_000, 1000):
        near = (found.steps >= start - 1064) & (found.steps < start + 2064)  # stretches end where bins end
        assert found.values[near].max() >= values[start : start + 1000].max()
        assert found.values[near].min() <= values[start : start + 1000].min()


def test_points_out_of_order_in_time_are_drawn_in_order() -> None:
    mixed = Points(np.arange(4), np.array([4.0, 3.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert sample(bins_of_points(mixed), "time", 100).values.tolist() == [4.0, 3.0, 2.0, 1.0]


def test_smoothing_starts_unbiased_and_skips_what_is_no_number() -> None:
    x = np.arange(4.0)
    smoothed = smooth(x, np.array([1.0, math.nan, 1.0, 0.0]), 0.5)
    assert smoothed[0] == smoothed[2] == 1.0
    assert math.isnan(smoothed[1])
    assert 0 < smoothed[3] < 1
    assert smooth(x, x, 0.0).tolist() == x.tolist()
    assert np.isnan(smooth(x, np.full(4, math.nan), 0.5)).all()


def test_curves_of_different_steps_meet() -> None:
    def curve(x: list[float], y: list[float]) -> Curve:
        column = np.array(x)
        return Curve("r", "r", "k", len(x), Points(column.astype(np.int64), column, np.array(y)), column)

    places, rows = align(
        [curve([0, 2, 4], [0, 2, 4]), curve([1, 3], [10, 30]), curve([0, 4], [math.nan, math.nan])]
    )
    assert places.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_equal(rows, [[0, 1, 2, 3, 4], [math.nan, 10, 20, 30, math.nan], [math.nan] * 5])
    assert len(align([curve(list(range(100)), [0.0] * 100)], 7)[0]) == 7
