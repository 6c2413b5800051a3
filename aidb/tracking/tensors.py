"""Copies of tensors, and files of them in the safetensors format, written without holding them a second time.

A tensor is one of PyTorch, on any device, or a NumPy array. What else a state dict holds goes into the file's metadata,
as JSON under `aidb`.
"""

from __future__ import annotations

import json
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
    """A copy of a state dict: its tensors by dotted name, and the rest of it."""

    tensors: dict[str, Any]
    others: dict[str, Any]

    @property
    def size(self) -> int:
        """Bytes of the tensors."""
        return sum(int(tensor.nbytes) for tensor in self.tensors.values())


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
            _type_of(name, value)
            tensors[name] = _copy(value)
        else:
            others[name] = json_value(value)
    if not tensors:
        raise InvalidInputError("a state dict without tensors is no checkpoint")
    return State(tensors, others)


def write_safetensors(state: State, path: Path) -> None:
    """Write a file that `safetensors` reads. Raises StorageError."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt", "aidb": json.dumps(state.others)}}
    # Wide types first, so that all are aligned.
    order = sorted(state.tensors, key=lambda name: (-state.tensors[name].dtype.itemsize, name))
    at = 0
    for name in order:
        tensor = state.tensors[name]
        end = at + int(tensor.nbytes)
        header[name] = {
            "dtype": _type_of(name, tensor),
            "shape": list(tensor.shape),
            "data_offsets": [at, end],
        }
        at = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % _ALIGNED)
    with storage_errors("writing a checkpoint"), path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            file.write(_buffer(state.tensors[name]))


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


def _copy(tensor: Any) -> Any:
    if not _is_torch(tensor):
        import numpy as np

        return np.array(tensor, order="C", dtype=tensor.dtype.newbyteorder("<"))
    import torch

    return torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu").copy_(tensor.detach())


def _buffer(tensor: Any) -> Any:
    """The bytes of a contiguous tensor, without a copy."""
    if not _is_torch(tensor):
        return memoryview(tensor.reshape(-1)).cast("B") if tensor.size else b""
    import torch

    return memoryview(tensor.reshape(-1).view(torch.uint8).numpy()) if tensor.numel() else b""
