"""Comparing runs of numbers of any type, block by block: how many differ, by how much, and how large they are.

bfloat16 and the 8-bit floats are read without torch. "Differ" means that the bits do, so NaN equals itself and 0.0 is
not -0.0; differences and norms are added up in float64, leaving out what is not finite.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from aidb.errors import UnreadableContentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Raw = NDArray[np.void]
    ToFloats = Callable[[NDArray[np.uint8]], Floats]

BLOCK = 4 << 20
"""Bytes compared at a time; a block starts at a whole element."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How two runs of the same number of elements differ.

    `largest` is the largest absolute difference, `norm` the Euclidean norm of the difference; `norm_before` and
    `norm_after` those of the values. All None where the elements are no numbers.
    """

    elements: int
    changed: int
    largest: float | None = None
    norm: float | None = None
    norm_before: float | None = None
    norm_after: float | None = None

    @property
    def relative(self) -> float | None:
        """The norm of the difference by that of the values before; None where that is zero."""
        return self.norm / self.norm_before if self.norm is not None and self.norm_before else None


def compare_streams(
    old: BinaryIO, new: BinaryIO, elements: int, width: int, floats: ToFloats | None
) -> Difference:
    """Compare `elements` of `width` bytes from where both streams stand. `floats` gives their values, if they have any.

    Raises UnreadableContentError if a stream ends before.
    """
    tally = _Tally(floats)
    left, step = elements, max(1, BLOCK // max(1, width))
    while left and width:
        count = min(step, left)
        tally.add(_read(old, count * width), _read(new, count * width), width)
        left -= count
    return tally.difference(elements)


class _Tally:
    """What has been added up so far."""

    def __init__(self, floats: ToFloats | None) -> None:
        self._floats = floats
        self._changed = 0
        self._largest = 0.0
        self._squares = [0.0, 0.0, 0.0]

    def add(self, old: bytes, new: bytes, width: int) -> None:
        before, after = np.frombuffer(old, np.uint8), np.frombuffer(new, np.uint8)
        same = old == new
        if not same:
            unequal = (before != after).reshape(-1, width).any(axis=1)
            self._changed += int(np.count_nonzero(unequal))
        if self._floats is None:
            return
        with np.errstate(all="ignore"):
            x = self._floats(before)
            y = x if same else self._floats(after)
            self._squares[1] += _square(x)
            self._squares[2] += _square(y)
            if not same:
                apart = np.abs(y - x)
                apart = apart[np.isfinite(apart)]
                self._squares[0] += _square(apart)
                self._largest = max(self._largest, float(apart.max(initial=0.0)))

    def difference(self, elements: int) -> Difference:
        if self._floats is None:
            return Difference(elements, self._changed)
        return Difference(elements, self._changed, self._largest, *map(math.sqrt, self._squares))


def _square(values: Floats) -> float:
    total = float(np.dot(values, values))
    return total if math.isfinite(total) else float(np.sum(np.square(values[np.isfinite(values)])))


def _read(stream: BinaryIO, length: int) -> bytes:
    pieces = []
    while length:
        piece = stream.read(length)
        if not piece:
            raise UnreadableContentError("it ends before its last element")
        pieces.append(piece)
        length -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def numpy_floats(dtype: np.dtype[np.void]) -> ToFloats | None:
    """How to read elements of a NumPy type as numbers; None for text, dates and structures. Of complex: magnitudes."""
    if dtype.kind == "c":
        return lambda raw: np.abs(raw.view(dtype)).astype(np.float64)
    if dtype.kind not in "biuf":
        return None
    return lambda raw: raw.view(dtype).astype(np.float64)


def bfloat16(raw: NDArray[np.uint8]) -> Floats:
    """The upper halves of float32."""
    return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def small_float(exponent: int, mantissa: int, *, finite: bool) -> ToFloats:
    """A reader of 8-bit floats. `finite`: there are no infinities, and only all ones is NaN (known as E4M3FN)."""
    table = _table(exponent, mantissa, finite)
    return lambda raw: table[raw]


@cache
def _table(exponent_bits: int, mantissa_bits: int, finite: bool) -> Floats:
    bias = (1 << (exponent_bits - 1)) - 1
    top = (1 << exponent_bits) - 1
    values = np.empty(256, np.float64)
    for code in range(256):
        exponent = code >> mantissa_bits & top
        fraction = (code & ((1 << mantissa_bits) - 1)) / (1 << mantissa_bits)
        if exponent == top and not finite:
            value = math.nan if fraction else math.inf
        elif finite and code & 0x7F == 0x7F:
            value = math.nan
        elif exponent == 0:
            value = math.ldexp(fraction, 1 - bias)
        else:
            value = math.ldexp(1 + fraction, exponent - bias)
        values[code] = -value if code & 0x80 else value
    return values
