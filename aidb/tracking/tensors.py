"""Copies of tensors, and files of them in the safetensors format.

A copy is laid out as the file will be, so that nothing is held a second time when that is written.

A tensor is one of PyTorch, on any device, or a NumPy array. What else a state dict holds goes into the file's metadata,
as JSON under `aidb`.
"""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aidb.errors import InvalidInputError
from aidb.files import storage_errors
from aidb.tracking.params import json_value

_FROM_TORCH = {
    "torch.float64": "F64",
    "torch.float32": "F32",
    "torch.float16": "F16",
    "torch.bfloat16": "BF16",
    "torch.float8_e4m3fn": "F8_E4M3",
    "torch.float8_e5m2": "F8_E5M2",
    "torch.int64": "I64",
    "torch.int32": "I32",
    "torch.int16": "I16",
    "torch.int8": "I8",
    "torch.uint8": "U8",
    "torch.bool": "BOOL",
}
_FROM_NUMPY = {
    "f8": "F64",
    "f4": "F32",
    "f2": "F16",
    "i8": "I64",
    "i4": "I32",
    "i2": "I16",
    "i1": "I8",
    "u8": "U64",
    "u4": "U32",
    "u2": "U16",
    "u1": "U8",
    "b1": "BOOL",
}
_ALIGNED = 8
_MOST_DEPTH = 32


class State(NamedTuple):
    """A copy of a state dict: the bytes of its tensors as the file has them, where each is, and the rest of it."""

    layout: dict[str, dict[str, Any]]
    data: mmap.mmap
    others: dict[str, Any]

    @property
    def size(self) -> int:
        """Bytes of the tensors."""
        return max(int(about["data_offsets"][1]) for about in self.layout.values())


def size_of(values: Mapping[Any, Any]) -> int:
    """Bytes that a copy will take."""
    return sum(int(value.nbytes) for _, value in _leaves(values, "", 0) if _is_tensor(value))


def copied(values: Mapping[Any, Any]) -> State:
    """A copy in the memory of this host, which training does not change any more.

    Raises InvalidInputError for tensors of types that the format lacks, and if there are none.
    """
    tensors: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for name, value in _leaves(values, "", 0):
        if _is_tensor(value):
            tensors[name] = value
        else:
            others[name] = json_value(value)
    if not tensors:
        raise InvalidInputError("a state dict without tensors is no checkpoint")
    layout = _layout(tensors)
    data = _fresh_memory(sum(int(tensor.nbytes) for tensor in tensors.values()))
    for name, about in layout.items():
        if tensors[name].nbytes:
            _copy(tensors[name], data, about["data_offsets"][0])
    return State(layout, data, others)


def write_safetensors(state: State, path: Path) -> None:
    """Write a file that `safetensors` reads. Raises StorageError."""
    header = {"__metadata__": {"format": "pt", "aidb": json.dumps(state.others)}, **state.layout}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % _ALIGNED)
    with storage_errors("writing a checkpoint"), path.open("wb") as file, memoryview(state.data) as data:
        file.write(struct.pack("<Q", len(text)) + text)
        file.write(data[: state.size])


def _layout(tensors: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the file's header says of tensors, in the order in which they lie there."""
    found, at = {}, 0
    # Wide types first, so that all are aligned.
    for name in sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name)):
        tensor = tensors[name]
        end = at + int(tensor.nbytes)
        found[name] = {
            "dtype": _type_of(name, tensor),
            "shape": list(tensor.shape),
            "data_offsets": [at, end],
        }
        at = end
    return found


def _fresh_memory(size: int) -> mmap.mmap:
    """Memory that goes back to the system as soon as nobody uses it.

    All its pages are asked for at once: to meet them one by one while copying takes longer than the copying.
    """
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_POPULATE", 0)
    return mmap.mmap(-1, max(size, 1), flags=flags)


def _leaves(values: Mapping[Any, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > _MOST_DEPTH:
        raise InvalidInputError(f"the state dict is nested too deeply at {prefix}")
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", value


def _is_tensor(value: object) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape") and hasattr(value, "nbytes")


def _is_torch(tensor: Any) -> bool:
    return hasattr(tensor, "detach")


def _type_of(name: str, tensor: Any) -> str:
    found = _FROM_TORCH.get(str(tensor.dtype)) if _is_torch(tensor) else _FROM_NUMPY.get(tensor.dtype.str[1:])
    if found is None:
        raise InvalidInputError(f"{name} has type {tensor.dtype}, which safetensors files cannot hold")
    return found


def _copy(tensor: Any, memory: mmap.mmap, at: int) -> None:
    """Copy a tensor that is not empty to a place in memory, in C order and little-endian."""
    if not _is_torch(tensor):
        import numpy as np

        dtype = tensor.dtype.newbyteorder("<")
        np.copyto(np.frombuffer(memory, dtype, tensor.size, at).reshape(tensor.shape), tensor)
        return
    import torch

    flat = torch.frombuffer(memory, dtype=tensor.dtype, count=tensor.numel(), offset=at)
    flat.view(tensor.shape).copy_(tensor.detach())
