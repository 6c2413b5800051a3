"""What aidb must reach in a row, and what it aims at.

A target reads the results of one row and says what aidb got and whether that is enough; where the tool it compares
with was not measured, it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.measure import Figure
from benchmarks.results import Results
from benchmarks.units import MIB, show_bytes, show_seconds

AIDB = "aidb"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What aidb got against one target. `reached` is None where there was nothing to compare with."""

    got: str
    reached: bool | None


Judge = Callable[[Results, str, Figure], Verdict]


@dataclass(frozen=True, slots=True)
class Target:
    """One requirement of a row."""

    must: bool
    text: str
    judge: Judge

    def verdict(self, results: Results, row: str) -> Verdict:
        """How aidb did in `row`."""
        own = results.get(row, AIDB)
        return self.judge(results, row, own) if own else Verdict("not measured", None)


def faster(tool: str, times: float, *, must: bool = True) -> Target:
    """At least `times` as fast as `tool`."""

    def judge(results: Results, row: str, own: Figure) -> Verdict:
        other = results.get(row, tool)
        if other is None:
            return Verdict(f"{tool} not measured", None)
        ratio = other.seconds / own.seconds
        return Verdict(f"{ratio:.1f}x faster", ratio >= times)

    return Target(must, f"{times:g}x faster than {tool}" if times != 1 else f"faster than {tool}", judge)


def within(tool: str, times: float, *, must: bool = True) -> Target:
    """At most `times` as long as `tool`."""

    def judge(results: Results, row: str, own: Figure) -> Verdict:
        other = results.get(row, tool)
        if other is None:
            return Verdict(f"{tool} not measured", None)
        ratio = own.seconds / other.seconds
        return Verdict(f"{ratio:.2f}x its time", ratio <= times)

    return Target(must, f"within {times:g}x of {tool}" if times != 1 else f"as fast as {tool}", judge)


def seconds(limit: float, *, must: bool = True) -> Target:
    """At most `limit` seconds."""

    def judge(_results: Results, _row: str, own: Figure) -> Verdict:
        return Verdict(show_seconds(own.seconds), own.seconds <= limit)

    return Target(must, f"at most {show_seconds(limit)}", judge)


def rate(limit: float, *, must: bool = True) -> Target:
    """At least `limit` bytes of new data a second."""

    def judge(_results: Results, _row: str, own: Figure) -> Verdict:
        if own.distinct is None:
            return Verdict("not measured", None)
        reached = own.distinct / own.seconds
        return Verdict(f"{reached / 1e9:.2f} GB/s", reached >= limit)

    return Target(must, f"at least {limit / 1e9:g} GB/s", judge)


def memory(limit: int, shown: str, *, must: bool = True) -> Target:
    """No process needs more than `limit` bytes of memory, which a person calls `shown`."""

    def judge(_results: Results, _row: str, own: Figure) -> Verdict:
        return Verdict(show_bytes(own.peak), own.peak <= limit)

    return Target(must, f"at most {shown} of memory", judge)


def growth(limit: int, shown: str, *, must: bool = True) -> Target:
    """The store grows by less than `limit` bytes, which a person calls `shown`."""

    def judge(_results: Results, _row: str, own: Figure) -> Verdict:
        if own.growth is None:
            return Verdict("not measured", None)
        return Verdict(f"+{show_bytes(own.growth)}", own.growth < limit)

    return Target(must, f"store grows under {shown}", judge)


def distinct(times: float, *, must: bool = True) -> Target:
    """The store grows by at most `times` the distinct bytes of the workload."""

    def judge(_results: Results, _row: str, own: Figure) -> Verdict:
        if own.growth is None or own.distinct is None:
            return Verdict("not measured", None)
        ratio = own.growth / own.distinct
        return Verdict(f"{ratio:.3f}x of {show_bytes(own.distinct)}", ratio <= times)

    return Target(must, f"store within {times:g}x of the distinct bytes", judge)


_PEAKS = ((512 * MIB, True), (256 * MIB, False))


def peaks(results: Results) -> list[tuple[bool, str, Verdict]]:
    """Whether it must be, what is asked of peak memory, and how aidb did in the row where it needed most."""
    by_row = {row: cells[AIDB].peak for row, cells in results.figures.items() if AIDB in cells}
    if not by_row:
        return []
    worst = max(by_row, key=lambda row: by_row[row])
    got = f"{show_bytes(by_row[worst])}, in {worst}"
    return [
        (must, f"under {show_bytes(limit)}", Verdict(got, by_row[worst] < limit)) for limit, must in _PEAKS
    ]
