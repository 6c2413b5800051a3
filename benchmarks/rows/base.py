"""What a row is, and a workload: the data and the order of steps that several rows share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.bench import Bench
from benchmarks.targets import Target


class Row:
    """One line of the table: a timed step, and what aidb must reach in it."""

    def __init__(self, row_id: str, title: str, *targets: Target) -> None:
        self.id, self.title, self.targets = row_id, title, targets


@dataclass(frozen=True, slots=True)
class Workload:
    """Rows that are measured together, in order."""

    name: str
    rows: tuple[Row, ...]
    measure: Callable[[Bench], None]
