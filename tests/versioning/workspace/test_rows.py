"""Rows made for many files at once are those made for each."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from aidb.store.ingest.source import FileStat
from aidb.versioning.workspace.index.rows import COARSE_GRAIN_NS, GRAIN_NS, UNKNOWN, row_of, rows_of

NOW = 1_700_000_000_000_000_000

times = st.one_of(
    st.integers(0, NOW),
    st.integers(NOW - 2 * COARSE_GRAIN_NS, NOW + COARSE_GRAIN_NS),
    st.integers(-3, 1).map(lambda seconds: NOW + seconds * 1_000_000_000),
    st.integers(NOW - 2 * GRAIN_NS, NOW + GRAIN_NS),
)
stats = st.builds(
    FileStat, times, times, st.integers(0, 1 << 50), st.integers(0, (1 << 64) - 1), st.just(0o100644)
)


@given(st.lists(stats, min_size=1, max_size=5))
@example([FileStat(0, 0, 0, (1 << 64) - 1, 0o100644)])
def test_many_rows_are_the_single_ones(found: list[FileStat]) -> None:
    assert rows_of(found, NOW) == [row_of(stat, NOW) for stat in found]


def test_one_young_file_hides_no_other() -> None:
    old, young = FileStat(1, 1, 5, 7, 0o100644), FileStat(NOW, NOW, 5, 8, 0o100644)
    rows = rows_of([old, young], NOW)
    assert rows[0] != UNKNOWN
    assert rows[1] == UNKNOWN
