"""What a row is, and a workload: the data and the order of steps that several rows share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from benchmarks.targets import Target
from benchmarks.units import SECONDS, Unit


class Row:
    """One line of the table: a step that is measured in a unit, and what aidb must reach in it."""

    def __init__(self, row_id: str, title: str, *targets: Target, unit: Unit = SECONDS) -> None:
        self.id, self.title, self.targets, self.unit = row_id, title, targets, unit


B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Workload(Generic[B]):
    """Rows that are measured together, in order, with what a benchmark of the kind `B` offers."""

    name: str
    rows: tuple[Row, ...]
    measure: Callable[[B], None]
