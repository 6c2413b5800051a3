"""What the processes of these tests log: a story that follows from a seed, so that a reader can hold it to every point.

Call `n` of the story with seed `s` logs `call(s, n)` at step `n`: some of the metrics, each with a value that nothing
else in the story has, among them integers, NaN and infinities.
"""

from __future__ import annotations

import math
import mmap
import random
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from aidb.tracking.journal.reader import JournalReader, Points

KEYS = ("train/loss", "train/accuracy", "grad/norm", "lr")
_ODD = (math.nan, math.inf, -math.inf, 2**53 + 1, -(2**63))


class Point(NamedTuple):
    """One number of one metric. NaN is written as text, so that points can be compared."""

    step: int
    key: str
    value: float | str


def call(seed: int, number: int) -> dict[str, float]:
    """What call `number` logs."""
    chance = random.Random(seed * 1_000_003 + number)
    chosen = KEYS[: chance.randint(1, len(KEYS))]
    values: dict[str, float] = {key: number + index / 8 for index, key in enumerate(chosen)}
    if chance.random() < 0.05:
        values["odd"] = chance.choice(_ODD)
    values["number"] = number
    return values


def told(seed: int, calls: int) -> Counter[Point]:
    """All points of the first `calls` calls."""
    return Counter(
        _point(number, key, value) for number in range(calls) for key, value in call(seed, number).items()
    )


def found(files: Iterable[Path]) -> Counter[Point]:
    """The points that journals hold, each file read to its last whole frame."""
    items = (item for path in files for item in JournalReader(path))
    return Counter(point for item in items if isinstance(item, Points) for point in _of(item))


def _of(points: Points) -> Iterator[Point]:
    columns = [points.column(index).tolist() for index in range(len(points.keys))]
    for row, step in enumerate(points.steps.tolist()):
        for key, column in zip(points.keys, columns, strict=True):
            yield _point(step, key, column[row])


def _point(step: int, key: str, value: float) -> Point:
    return Point(step, key, "nan" if value != value else value)


class Tally:
    """A number in a file that is shared with another process, which may be killed at any moment."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 8)

    def set(self, number: int) -> None:
        struct.pack_into("<Q", self._shared, 0, number)

    def get(self) -> int:
        number: int = struct.unpack_from("<Q", self._shared)[0]
        return number

    def close(self) -> None:
        self._shared.close()
