"""In which order samples come: pure arithmetic, the same on every machine and with every version of NumPy.

Words: a sample's *number* is its place in the sorted paths. The *sequence* is all numbers, block by block; shuffling
puts *blocks* of neighbours in random order. A rank's *share* is a part of the sequence. Within it, shuffling mixes the
samples of each *window*. What comes out is the rank's order, counted by *position*. Workers take turns of one *batch*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shuffle:
    """`block` and `window` in samples."""

    seed: int
    block: int
    window: int


class Order:
    """The order of one rank in one epoch."""

    def __init__(self, total: int, start: int, stop: int, shuffle: Shuffle | None, epoch: int) -> None:
        """The share is `start` to `stop` of a sequence of `total` samples."""
        self._total, self._start, self._stop = total, start, stop
        self._shuffle = shuffle
        self._epoch = epoch
        self._blocks: Numbers | None = None
        self._block_starts: Numbers | None = None
        self._window: tuple[int, Numbers] | None = None

    def __len__(self) -> int:
        return self._stop - self._start

    def numbers(self, positions: Numbers) -> Numbers:
        """The numbers of the samples at some positions, which must rise."""
        if self._shuffle is None:
            return positions + self._start
        windows = positions // self._shuffle.window
        edges = np.flatnonzero(np.diff(windows)) + 1
        mixed = [
            self._mixed(int(part[0]) // self._shuffle.window, part) for part in np.split(positions, edges)
        ]
        return self._number_at(np.concatenate(mixed), self._shuffle)

    def _mixed(self, window: int, positions: Numbers) -> Numbers:
        """Where in the sequence the samples at some positions of one window are."""
        assert self._shuffle is not None
        size = self._shuffle.window
        first = self._start + window * size
        if self._window is None or self._window[0] != window:
            count = min(size, self._stop - first)
            self._window = window, shuffled(count, self._shuffle.seed, self._epoch, first)
        return first + self._window[1][positions - window * size]

    def _number_at(self, places: Numbers, shuffle: Shuffle) -> Numbers:
        """The numbers at some places of the sequence."""
        if self._blocks is None or self._block_starts is None:
            count = -(-self._total // shuffle.block)
            self._blocks = shuffled(count, shuffle.seed, self._epoch)
            sizes = np.minimum(shuffle.block, self._total - self._blocks * shuffle.block)
            self._block_starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        which = np.searchsorted(self._block_starts, places, side="right") - 1
        return self._blocks[which] * shuffle.block + places - self._block_starts[which]


def share(total: int, rank: int, ranks: int, *, even: bool) -> tuple[int, int]:
    """From where to where a rank's part of `total` samples goes: as equal as can be, or equal, with a few left out."""
    if even:
        total -= total % ranks
    return total * rank // ranks, total * (rank + 1) // ranks


def turns(first: int, stop: int, *, batch: int, worker: int, workers: int, skip: int, count: int) -> Numbers:
    """The next `count` positions, fewer at the end, that a worker takes, after `skip` that it has taken.

    Turns of `batch` positions are counted from `first`; worker 0 has the first.
    """
    taken = np.arange(skip, skip + count, dtype=np.int64)
    turn, inside = np.divmod(taken, batch)
    positions = first + (turn * workers + worker) * batch + inside
    return positions[: int(np.searchsorted(positions, stop))]


def shuffled(count: int, *key: int) -> Numbers:
    """The numbers below `count`, in an order that the key alone decides."""
    state = np.zeros(
        1, np.uint64
    )  # an array: NumPy warns of the overflow of single numbers, which is meant here
    for part in key:
        state = _mix(_mix(state + _STEP) ^ np.uint64(part % (1 << 64)))
    ranks = _mix(state + np.arange(1, count + 1, dtype=np.uint64) * _STEP)
    return np.argsort(ranks, kind="stable").astype(np.int64, copy=False)


_STEP = np.uint64(0x9E3779B97F4A7C15)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64: every bit of the input changes half the bits of the output."""
    mixed = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
