"""Targets compare aidb with others, and say nothing where there is nothing to compare with."""

from __future__ import annotations

from benchmarks.measure import Figure
from benchmarks.results import Results
from benchmarks.targets import Target, distinct, faster, growth, memory, peaks, rate, seconds, within
from benchmarks.units import MIB


def reached(target: Target, *, aidb: Figure | None, git: Figure | None = None) -> bool | None:
    results = Results(machine="here", quick=False)
    for tool, figure in (("aidb", aidb), ("git", git)):
        if figure is not None:
            results.record("row", tool, figure)
    return target.verdict(results, "row").reached


def took(time: float, *, grown: int | None = None, new: int | None = None) -> Figure:
    return Figure(time, peak=MIB, growth=grown, distinct=new)


def test_faster_and_within() -> None:
    assert reached(faster("git", 2), aidb=took(1), git=took(2)) is True
    assert reached(faster("git", 2), aidb=took(1), git=took(1.9)) is False
    assert reached(within("git", 1.5), aidb=took(1.5), git=took(1)) is True
    assert reached(within("git", 1.5), aidb=took(1.6), git=took(1)) is False


def test_limits() -> None:
    assert reached(seconds(5), aidb=took(4.9)) is True
    assert reached(memory(MIB, "1 MiB"), aidb=took(1)) is True
    assert reached(memory(MIB - 1, "less"), aidb=took(1)) is False
    assert reached(growth(10, "10 B"), aidb=took(1, grown=10)) is False
    assert reached(growth(10, "10 B"), aidb=took(1, grown=9)) is True
    assert reached(distinct(1.15), aidb=took(1, grown=115, new=100)) is True
    assert reached(distinct(1.15), aidb=took(1, grown=116, new=100)) is False
    assert reached(rate(50), aidb=took(2, new=100)) is True
    assert reached(rate(51), aidb=took(2, new=100)) is False


def test_nothing_to_compare_with() -> None:
    assert reached(faster("git", 2), aidb=took(1)) is None
    assert reached(faster("git", 2), aidb=None, git=took(1)) is None
    assert reached(growth(10, "10 B"), aidb=took(1)) is None
    assert reached(rate(50), aidb=took(1)) is None


def test_a_failure_withdraws_the_figure() -> None:
    results = Results(machine="here", quick=False)
    results.record("row", "git", took(1))
    results.fail("row", "git", "wrong bytes")
    assert results.get("row", "git") is None


def test_peak_is_the_worst_of_all_rows() -> None:
    results = Results(machine="here", quick=False)
    results.record("one", "aidb", Figure(1, peak=100 * MIB))
    results.record("two", "aidb", Figure(1, peak=300 * MIB))
    results.record("two", "git", Figure(1, peak=900 * MIB))
    assert [(must, verdict.reached) for must, _, verdict in peaks(results)] == [(True, True), (False, False)]
