"""What a row is, and a workload: the data and the order of steps that several rows share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.bench import Bench
from benchmarks.targets import MEMORY, Target


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a timed step, and what aidb must reach in it."""

    id: str
    title: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Workload:
    """Rows that are measured together, in order."""

    name: str
    rows: tuple[Row, ...]
    measure: Callable[[Bench], None]


def row(id: str, title: str, *targets: Target) -> Row:  # noqa: A002 (it is the row's id)
    """A row, which besides its own targets has those for peak memory."""
    return Row(id, title, (*targets, *MEMORY))
