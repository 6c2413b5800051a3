from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aidb.metadata import duck
from aidb.metadata.catalog import bins
from aidb.metadata.catalog.bins import Points
from aidb.metadata.catalog.segments import (
    MANY,
    SMALL,
    Piece,
    Segment,
    merge_segments,
    to_merge,
    write_segment,
)


def points(start: int, count: int, *, seed: int = 0) -> Points:
    values = np.random.default_rng(seed).normal(size=count)
    values[::7] = np.nan
    steps = np.arange(start, start + count, dtype=np.int64)
    return Points(steps, steps.astype(np.float64) * 0.25, values)


def rows(path: Path, table: str) -> list[tuple[Any, ...]]:
    connection = duck.connect()
    duck.attach(connection, path, "one")
    found: list[tuple[Any, ...]] = connection.execute(f"FROM one.{table}").fetchall()
    connection.close()
    return found


def test_a_segment_is_sorted_by_key_and_run(tmp_path: Path) -> None:
    pieces = [Piece(2, 1, points(0, 3)), Piece(1, 2, points(0, 2)), Piece(1, 1, points(5, 2))]
    made = write_segment(tmp_path / "a.duckdb", pieces)
    assert made == Segment("a.duckdb", 7, 1, 2)
    assert [row[:3] for row in rows(tmp_path / "a.duckdb", "points")] == [
        (1, 1, 5), (1, 1, 6), (2, 1, 0), (2, 1, 1), (2, 1, 2), (1, 2, 0), (1, 2, 1),
    ]  # fmt: skip


def test_nan_is_a_value_and_not_missing(tmp_path: Path) -> None:
    write_segment(tmp_path / "a.duckdb", [Piece(1, 1, points(0, 1))])
    (row,) = rows(tmp_path / "a.duckdb", "points")
    assert row[4] != row[4]


def test_merging_gives_what_one_segment_would_hold(tmp_path: Path) -> None:
    whole = points(0, 2 * bins.FROM)
    halves = [whole.taken(slice(0, bins.FROM)), whole.taken(slice(bins.FROM, None))]
    chosen = [
        write_segment(tmp_path / f"{at}.duckdb", [Piece(1, 1, half), Piece(9, 1, half)])
        for at, half in enumerate(halves)
    ]
    made = merge_segments(tmp_path, chosen, tmp_path / "m.duckdb", {1, 5}, tmp_path)
    write_segment(tmp_path / "w.duckdb", [Piece(1, 1, whole)])
    assert made == Segment("m.duckdb", 2 * bins.FROM, 1, 1)
    for table in ("points", "bins"):
        merged, expected = (np.array(rows(tmp_path / name, table)) for name in ("m.duckdb", "w.duckdb"))
        np.testing.assert_allclose(merged, expected)


@pytest.mark.parametrize("sizes", [[], [1] * MANY, [SMALL] * 50])
def test_few_segments_stay(sizes: list[int]) -> None:
    assert to_merge([Segment(str(at), size, 0, 0) for at, size in enumerate(sizes)]) == []


def test_a_point_is_rewritten_few_times() -> None:
    """A thousand folds of a thousand points each."""
    segments: list[Segment] = []
    copied = 0
    for fold in range(1000):
        segments.append(Segment(str(fold), 1000, 0, 0))
        if chosen := to_merge(segments):
            total = sum(one.points for one in chosen)
            copied += total
            segments = [one for one in segments if one not in chosen] + [Segment(f"m{fold}", total, 0, 0)]
        assert len(segments) <= MANY + 1
    assert copied < 8 * 1_000_000
