"""What journals said since the catalog was published, as it is kept in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from aidb.metadata.catalog.bins import Points
from aidb.metadata.catalog.record import Record
from aidb.metadata.catalog.segments import Piece


@dataclass
class News:
    """Runs as they are now, and their further points.

    `replaced` are the numbers of runs whose published rows no longer hold, `points` the series by run and key, `keys`
    those that were never seen before, `count` how many points there are, `changes` how many runs differ.
    """

    records: dict[str, Record] = field(default_factory=dict)
    points: dict[tuple[int, int], list[Points]] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    replaced: set[int] = field(default_factory=set)
    count: int = 0

    @property
    def changes(self) -> int:
        return len(self.replaced)

    def __bool__(self) -> bool:
        return bool(self.replaced)

    def add(
        self, record: Record, outdated: Iterable[int], points: Mapping[tuple[int, int], Sequence[Points]]
    ) -> None:
        """Take over what was read of a run; rows of the numbers `outdated` do not hold any more."""
        self.replaced.update(outdated)
        self.records[record.id] = record
        for series, parts in points.items():
            self.points.setdefault(series, []).extend(parts)
            self.count += sum(len(part.steps) for part in parts)

    def remove(self, run: str, number: int) -> None:
        """A run is no more."""
        self.replaced.add(number)
        self.records.pop(run, None)

    def pieces(self) -> list[Piece]:
        """The points of the runs that are there, one piece per series."""
        alive = {record.run for record in self.records.values()}
        return [Piece(run, key, joined(parts)) for (run, key), parts in self.points.items() if run in alive]


def joined(parts: Sequence[Points]) -> Points:
    """Points that were logged one after the other, as one series: by step, then by time, then as they came."""
    if len(parts) == 1:
        return parts[0]
    together = Points(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    if (np.diff(together.steps) > 0).all():
        return together
    return together.taken(np.lexsort((together.times, together.steps)))
