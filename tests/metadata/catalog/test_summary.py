from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.metadata.catalog.bins import Points
from aidb.metadata.catalog.summary import Summary, higher_is_better, summarize

ROWS = st.lists(st.tuples(st.integers(-3, 9), st.floats(-4, 4) | st.just(math.nan)), min_size=1, max_size=12)


def points(rows: list[tuple[int, float]], start: float = 0.0) -> Points:
    """Points logged in this order, one per second."""
    order = sorted(range(len(rows)), key=lambda at: (rows[at][0], at))
    return Points(
        np.array([rows[at][0] for at in order], dtype=np.int64),
        np.array([start + at for at in order], dtype=np.float64),
        np.array([rows[at][1] for at in order], dtype=np.float64),
    )


def same(one: Summary, other: Summary) -> None:
    for field in Summary.__struct_fields__:
        if field.endswith("_step") and field[:3] in ("min", "max") and not one.numbers:
            continue  # where the extreme of nothing is does not matter
        assert getattr(one, field) == pytest.approx(getattr(other, field), nan_ok=True), field


@given(ROWS, ROWS)
def test_what_comes_later_is_joined_as_if_it_had_come_at_once(
    first: list[tuple[int, float]], second: list[tuple[int, float]]
) -> None:
    whole, one = summarize([points(first + second), points(first)])
    (other,) = summarize([points(second, start=float(len(first)))])
    same(one.joined(other), whole)


@given(ROWS)
def test_a_summary_says_what_its_points_are(rows: list[tuple[int, float]]) -> None:
    (found,) = summarize([points(rows)])
    known = [value for _, value in rows if not math.isnan(value)]
    last_step = max(step for step, _ in rows)
    last = next(value for step, value in reversed(rows) if step == last_step)
    assert (found.last_step, found.count, found.numbers) == (last_step, len(rows), len(known))
    assert found.last == pytest.approx(last, nan_ok=True)
    assert found.min == pytest.approx(min(known, default=math.nan), nan_ok=True)
    assert found.max == pytest.approx(max(known, default=math.nan), nan_ok=True)
    assert found.mean == (pytest.approx(sum(known) / len(known)) if known else None)


@pytest.mark.parametrize(
    ("key", "better"),
    [
        ("val/acc", True),
        ("val_accuracy", True),
        ("F1", True),
        ("loss", False),
        ("mse", False),
        ("score_loss", False),
    ],
)
def test_the_name_of_a_metric_says_what_is_better(key: str, better: bool) -> None:
    assert higher_is_better(key) is better
