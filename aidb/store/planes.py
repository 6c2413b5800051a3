"""Numbers split by significance: all lowest bytes, then all second bytes, and so on, each *plane* by itself.

The exponents of floats are alike and shrink well by themselves, their mantissas are noise and are left as they are;
together in one frame they would share one statistic and hardly shrink.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from aidb.errors import DamagedObjectError
from aidb.store.zstd import compress, compress_skewed, decompress

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bytes = bytes | bytearray | memoryview
    Numbers = npt.NDArray[np.unsignedinteger[Any]]

_SAMPLED = 64 << 10
"""Planes of at least this many bytes show on a sample whether looking for repeats pays."""
_SAMPLE = 8 << 10


def numbers_of(data: Bytes, width: int) -> Numbers:
    """As many whole numbers of `width` bytes as there are, little-endian."""
    import numpy as np

    return np.frombuffer(data, f"<u{width}", len(data) // width)


def tail_of(data: Bytes, width: int) -> memoryview:
    """The last bytes, which make no whole number."""
    return memoryview(data)[len(data) - len(data) % width :]


def encode_planes(numbers: Numbers, tail: Bytes) -> list[Bytes]:
    """The stored length of every plane, the planes, and `tail`: pieces to be joined."""
    import numpy as np

    planes = [
        _encode_plane((numbers >> (8 * place) if place else numbers).astype(np.uint8).data)
        for place in range(numbers.itemsize)
    ]
    return [struct.pack(f"<{len(planes)}I", *map(len, planes)), *planes, tail]


def decode_planes(stored: memoryview, raw_length: int, width: int) -> tuple[memoryview, Numbers]:
    """The raw bytes, and the numbers in them, which may be changed in place.

    Raises DamagedObjectError unless exactly `raw_length` bytes are stored.
    """
    import numpy as np

    count, rest = divmod(raw_length, width)
    planes, tail = _split(stored, width)
    if len(tail) != rest:
        raise DamagedObjectError(f"{len(tail)} bytes follow the planes where {rest} should")
    raw = np.empty(raw_length, np.uint8)
    numbers: Numbers = raw[: count * width].view(f"<u{width}")
    for place in reversed(range(width)):
        digits = np.frombuffer(_decode_plane(planes[place], count), np.uint8)
        if place == width - 1:
            numbers[:] = digits
        else:
            np.left_shift(numbers, 8, out=numbers)
            np.bitwise_or(numbers, digits, out=numbers)
    raw[count * width :] = np.frombuffer(tail, np.uint8)
    return raw.data, numbers


def _encode_plane(plane: memoryview) -> Bytes:
    frame = (compress if _repeats(plane) else compress_skewed)(plane)
    return frame if len(frame) < len(plane) else plane


def _repeats(plane: memoryview) -> bool:
    """Whether a frame gets shorter by looking for repeats."""
    if len(plane) < _SAMPLED:
        return True
    start = (len(plane) - _SAMPLE) // 2
    sample = plane[start : start + _SAMPLE]
    return len(compress(sample)) < len(compress_skewed(sample))


def _decode_plane(plane: memoryview, count: int) -> Bytes:
    # A plane as long as its numbers was left as it is.
    return plane if len(plane) == count else decompress(plane, count)


def _split(stored: memoryview, width: int) -> tuple[Sequence[memoryview], memoryview]:
    head = 4 * width
    if len(stored) < head:
        raise DamagedObjectError("the planes of a chunk are cut off")
    ends = list(accumulate(struct.unpack_from(f"<{width}I", stored), initial=head))
    if ends[-1] > len(stored):
        raise DamagedObjectError("the planes of a chunk are longer than what is stored")
    return [stored[start:end] for start, end in pairwise(ends)], stored[ends[-1] :]
