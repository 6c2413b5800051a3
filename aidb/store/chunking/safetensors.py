"""Tensor boundaries of a `safetensors` file, so that an unchanged tensor is always the same chunks.

The file is recognised by its content: eight bytes of header length, then a JSON object whose `data_offsets` tile the
rest. The header may lie about anything: the boundaries are advice to the cutter, and a file that is not what it seems
is cut like any other.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from aidb.store.chunking.cutter import MIN_CHUNK

_LENGTH = 8


def tensor_fences(head: memoryview) -> list[int]:
    """Offsets at which to cut, from the first bytes of a file; empty if it is no safetensors file.

    Tensors of at least the minimum chunk size begin and end at a fence; a run of smaller ones stays together, for
    a chunk per bias vector would cost more than it saves.
    """
    header = _header(head)
    if header is None:
        return []
    base = _LENGTH + len(header)
    return [base + at for at in _group(_spans(header))]


def _header(head: memoryview) -> bytes | None:
    if len(head) < _LENGTH + 2 or head[_LENGTH] != ord("{"):
        return None
    length = int.from_bytes(head[:_LENGTH], "little")
    if not 2 <= length <= len(head) - _LENGTH:
        return None
    return bytes(head[_LENGTH : _LENGTH + length])


def _spans(header: bytes) -> list[tuple[int, int]]:
    """Begin and end of every tensor in the order of the file; empty unless they tile the data without gaps."""
    try:
        tensors = json.loads(header)
    except (ValueError, RecursionError):
        return []
    if not isinstance(tensors, dict):
        return []
    spans = sorted(
        span for name, tensor in tensors.items() if name != "__metadata__" and (span := _span(tensor))
    )
    tiled = all(before[1] == after[0] for before, after in pairwise(spans))
    return spans if spans and spans[0][0] == 0 and tiled else []


def _span(tensor: Any) -> tuple[int, int] | None:
    offsets = tensor.get("data_offsets") if isinstance(tensor, dict) else None
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(at) is int for at in offsets):
        return None
    begin, end = offsets
    return (begin, end) if 0 <= begin <= end < 1 << 62 else None


def _group(spans: list[tuple[int, int]]) -> list[int]:
    fences: list[int] = []
    for begin, end in spans:
        if end - begin < MIN_CHUNK:
            continue
        if not fences or fences[-1] != begin:
            fences.append(begin)
        fences.append(end)
    return fences if fences and fences[0] == 0 else [0, *fences] if spans else []
