"""`safetensors` files: tensors added, removed and changed, with the norm of the difference, and metadata.

Streams: no more than a block of two tensors is in memory. A tensor whose bytes lie in the same chunks on both sides is
equal without being read.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from aidb.errors import UnreadableContentError
from aidb.inside.arrays import ArrayChange
from aidb.inside.content import Content, StoredContent
from aidb.inside.explanation import Explanation, counted
from aidb.inside.numbers import Difference, bfloat16, compare_streams, numpy_floats, small_float

if TYPE_CHECKING:
    from aidb.inside.numbers import ToFloats
    from aidb.types import ObjectId

MOST_HEADER = 100 << 20
"""The format's own limit."""

_NUMPY = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "u1",
    "C64": "<c8",
}
_BITS = {"BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4}


@dataclass(frozen=True, slots=True)
class MetadataChange:
    """One key of the file's metadata, before and after; None where it is not there."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class TensorsDiff(Explanation):
    """The tensors that differ, by name; `unchanged` counts the others."""

    kind: ClassVar[str] = "tensors"
    added: tuple[ArrayChange, ...]
    removed: tuple[ArrayChange, ...]
    changed: tuple[ArrayChange, ...]
    unchanged: int
    metadata: tuple[MetadataChange, ...] = ()

    def summary(self) -> str:
        told = []
        if self.changed:
            total = len(self.changed) + self.unchanged + len(self.removed)
            told.append(f"{len(self.changed):,} of {counted(total, 'tensor')} changed")
        told += [
            f"{len(group):,} {word}"
            for group, word in ((self.added, "added"), (self.removed, "removed"))
            if group
        ]
        if self.metadata:
            told.append("metadata changed")
        return ", ".join(told) or "no tensor differs"


class _Tensor(NamedTuple):
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


class _File(NamedTuple):
    tensors: dict[str, _Tensor]
    metadata: dict[str, str]


def explain_tensors(old: Content, new: Content) -> TensorsDiff:
    """Compare two safetensors files. Raises UnreadableContentError."""
    before, after = _read_header(old), _read_header(new)
    stored = isinstance(old, StoredContent) and isinstance(new, StoredContent)
    chunks = (_Chunks(old), _Chunks(new)) if stored else None
    changed = []
    unchanged = 0
    for name in sorted(before.tensors.keys() & after.tensors.keys()):
        one, other = before.tensors[name], after.tensors[name]
        change = _compare(name, (old, one), (new, other), chunks)
        if change is None:
            unchanged += 1
        else:
            changed.append(change)
    return TensorsDiff(
        added=tuple(_alone(name, after.tensors[name], added=True) for name in _beyond(after, before)),
        removed=tuple(_alone(name, before.tensors[name], added=False) for name in _beyond(before, after)),
        changed=tuple(changed),
        unchanged=unchanged,
        metadata=tuple(_metadata(before.metadata, after.metadata)),
    )


def _beyond(one: _File, other: _File) -> list[str]:
    return sorted(one.tensors.keys() - other.tensors.keys())


def _alone(name: str, tensor: _Tensor, *, added: bool) -> ArrayChange:
    if added:
        return ArrayChange(name, None, tensor.dtype, None, tensor.shape)
    return ArrayChange(name, tensor.dtype, None, tensor.shape, None)


def _metadata(before: dict[str, str], after: dict[str, str]) -> list[MetadataChange]:
    keys = sorted({*before, *after})
    return [
        MetadataChange(key, before.get(key), after.get(key))
        for key in keys
        if before.get(key) != after.get(key)
    ]


class _Chunks:
    """Where the chunks of a content end, so that stretches of it can be compared by id."""

    def __init__(self, content: Content) -> None:
        ids, sizes = [], []
        for id_, size in content.chunks():
            ids.append(id_)
            sizes.append(size)
        self._ids: list[ObjectId] = ids
        self._starts = list(accumulate(sizes, initial=0))

    def stretch(self, begin: int, end: int) -> tuple[list[ObjectId], int, int] | None:
        """The chunks that hold these bytes, and how far into the first they begin and end before the last one's end."""
        first = bisect_left(self._starts, begin + 1) - 1
        last = bisect_left(self._starts, end)
        if first < 0 or last >= len(self._starts):
            return None
        return self._ids[first:last], begin - self._starts[first], self._starts[last] - end


def _compare(
    name: str,
    old: tuple[Content, _Tensor],
    new: tuple[Content, _Tensor],
    chunks: tuple[_Chunks, _Chunks] | None,
) -> ArrayChange | None:
    """How one tensor differs; None if it does not."""
    before, after = old[1], new[1]
    difference = None
    if (before.dtype, before.shape) == (after.dtype, after.shape):
        if chunks and _same_chunks(chunks, before, after):
            return None
        difference = _difference(old, new)
        if not difference.changed:
            return None
    return ArrayChange(name, before.dtype, after.dtype, before.shape, after.shape, difference)


def _same_chunks(chunks: tuple[_Chunks, _Chunks], before: _Tensor, after: _Tensor) -> bool:
    if before.begin == before.end:
        return True
    stretch = chunks[0].stretch(before.begin, before.end)
    return stretch is not None and stretch == chunks[1].stretch(after.begin, after.end)


def _difference(old: tuple[Content, _Tensor], new: tuple[Content, _Tensor]) -> Difference:
    tensor = new[1]
    width, floats = _reader(tensor.dtype)
    # Elements narrower than a byte are told byte by byte.
    elements = tensor.elements if floats or _bits(tensor.dtype) % 8 == 0 else tensor.end - tensor.begin
    with old[0].open() as before, new[0].open() as after:
        before.seek(old[1].begin)
        after.seek(tensor.begin)
        return compare_streams(before, after, elements, width, floats)


def _reader(dtype: str) -> tuple[int, ToFloats | None]:
    """The width of an element in bytes, and how to read it as a number."""
    if dtype in _NUMPY:
        numpy_type: np.dtype[Any] = np.dtype(_NUMPY[dtype])
        return numpy_type.itemsize, numpy_floats(numpy_type)
    known: dict[str, tuple[int, ToFloats]] = {
        "BF16": (2, bfloat16),
        "F8_E4M3": (1, small_float(4, 3, finite=True)),
        "F8_E5M2": (1, small_float(5, 2, finite=False)),
    }
    return known.get(dtype, (1, None))


def _bits(dtype: str) -> int:
    if dtype in _NUMPY:
        return np.dtype(_NUMPY[dtype]).itemsize * 8
    if dtype not in _BITS:
        raise UnreadableContentError(f"it holds a tensor of the unknown type {dtype!r}")
    return _BITS[dtype]


def _read_header(content: Content) -> _File:
    """The tensors with their places in the file. Raises UnreadableContentError for a header that lies."""
    with content.open() as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > min(MOST_HEADER, content.size - 8):
            raise UnreadableContentError(f"its header claims {length:,} bytes")
        try:
            header = json.loads(stream.read(length))
        except (ValueError, RecursionError):
            raise UnreadableContentError("its header is not JSON") from None
    if not isinstance(header, dict):
        raise UnreadableContentError("its header is not a JSON object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise UnreadableContentError("its metadata is not a JSON object")
    base = 8 + length
    tensors = {name: _tensor(name, value, base, content.size) for name, value in header.items()}
    return _File(
        tensors,
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()},
    )


def _tensor(name: str, value: Any, base: int, size: int) -> _Tensor:
    """One tensor of the header; its place must be inside the file and as long as its shape asks for."""
    try:
        dtype, shape, (begin, end) = value["dtype"], tuple(value["shape"]), value["data_offsets"]
        whole = all(type(number) is int and 0 <= number < 1 << 62 for number in (*shape, begin, end))
    except (TypeError, ValueError, KeyError):
        whole = False
    if not whole or not isinstance(dtype, str):
        raise UnreadableContentError(f"its header describes the tensor {name!r} wrongly")
    tensor = _Tensor(dtype, shape, base + begin, base + end)
    if not begin <= end <= size - base or (tensor.elements * _bits(dtype) + 7) // 8 != end - begin:
        raise UnreadableContentError(f"the tensor {name!r} does not lie where the header says")
    return tensor
