"""The tensors of a `safetensors` file as sections, so that an unchanged tensor is always the same chunks.

The file is recognised by its content: eight bytes of header length, then a JSON object whose `data_offsets` tile the
rest. The header may lie about anything: the sections are advice to the cutter, and a file that is not what it seems
is cut like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from aidb.store.chunking.cutter import AVERAGE_CHUNK, MIN_CHUNK
from aidb.store.chunking.sections import Section, Sections

LARGEST_HEADER = 8 << 20
"""Bytes from the beginning of a file among which its header is looked for."""

_LENGTH = 8


class _Tensor(NamedTuple):
    """A tensor's place in the data that follows the header."""

    start: int
    end: int
    dtype: str
    name: str


def tensor_sections(head: memoryview) -> Sections:
    """The sections of a file, from its first bytes; none if it is no safetensors file.

    A tensor of at least the minimum chunk size is a section; smaller neighbours are gathered until they have the
    size of an average chunk, for a chunk per bias vector would cost more than it saves.
    """
    header = _header(head)
    if header is None:
        return Sections()
    base = _LENGTH + len(header)
    return Sections([_section(base, tensors) for tensors in _grouped(_tensors(header))])


def _header(head: memoryview) -> bytes | None:
    if len(head) < _LENGTH + 2 or head[_LENGTH] != ord("{"):
        return None
    length = int.from_bytes(head[:_LENGTH], "little")
    if not 2 <= length <= len(head) - _LENGTH:
        return None
    return bytes(head[_LENGTH : _LENGTH + length])


def _tensors(header: bytes) -> list[_Tensor]:
    """Every tensor in the order of the file; none unless they tile the data without gaps."""
    try:
        named = json.loads(header)
    except (ValueError, RecursionError):
        return []
    if not isinstance(named, dict):
        return []
    found = [_tensor(name, value) for name, value in named.items() if name != "__metadata__"]
    tensors = sorted(tensor for tensor in found if tensor is not None)
    tiled = all(before.end == after.start for before, after in pairwise(tensors))
    return tensors if tensors and tensors[0].start == 0 and tiled else []


def _tensor(name: str, value: Any) -> _Tensor | None:
    if not isinstance(value, dict):
        return None
    offsets, dtype = value.get("data_offsets"), value.get("dtype")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(at) is int for at in offsets):
        return None
    begin, end = offsets
    dtype = dtype if isinstance(dtype, str) else ""
    return _Tensor(begin, end, dtype, name) if 0 <= begin <= end < 1 << 62 else None


def _grouped(tensors: list[_Tensor]) -> Iterator[list[_Tensor]]:
    """Large tensors alone, small neighbours together. Empty ones have no bytes to lie in a section."""
    group: list[_Tensor] = []
    for tensor in tensors:
        is_large = tensor.end - tensor.start >= MIN_CHUNK
        if group and (is_large or group[-1].end - group[0].start >= AVERAGE_CHUNK):
            yield group
            group = []
        if tensor.end > tensor.start:
            group.append(tensor)
        if is_large:
            yield group
            group = []
    if group:
        yield group


def _section(base: int, tensors: list[_Tensor]) -> Section:
    kinds = {tensor.dtype for tensor in tensors}
    return Section(
        base + tensors[0].start,
        base + tensors[-1].end,
        kinds.pop() if len(kinds) == 1 else "",
        tuple(tensor.name for tensor in tensors),
    )
