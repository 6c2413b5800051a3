"""safetensors files, compared with NumPy and, for the small floats, with torch's tables."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np
import pytest

from aidb.inside import TensorsDiff, Unreadable
from aidb.inside.numbers import bfloat16, small_float
from aidb.inside.tensors import explain_tensors
from tests.inside.conftest import Compare, Make


def file(tensors: dict[str, tuple[str, Any]], metadata: dict[str, str] | None = None) -> bytes:
    """A safetensors file of NumPy arrays, each with the name of its type."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, (dtype, array) in tensors.items():
        raw = array.tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def test_tensors(compare: Compare) -> None:
    w = np.random.default_rng(0).standard_normal((20, 30)).astype("f4")
    changed = w.copy()
    changed[:2] *= 1.5
    old = file({"w": ("F32", w), "b": ("F32", w[0]), "gone": ("I64", np.arange(3))}, {"step": "1"})
    new = file(
        {"new": ("U8", np.zeros((2, 2), "u1")), "w": ("F32", changed), "b": ("F32", w[0])}, {"step": "2"}
    )
    found = compare("m.safetensors", old, new)
    assert isinstance(found, TensorsDiff)
    assert [change.name for change in found.added] == ["new"]
    assert [change.name for change in found.removed] == ["gone"]
    (change,) = found.changed
    assert change.name == "w"
    assert change.difference is not None
    assert change.difference.changed == 60
    assert change.difference.norm == pytest.approx(np.linalg.norm((changed - w).astype("f8")), rel=1e-6)
    assert change.difference.relative == pytest.approx(
        np.linalg.norm(changed - w) / np.linalg.norm(w), rel=1e-5
    )
    assert found.unchanged == 1
    assert found.summary() == "1 of 3 tensors changed, 1 added, 1 removed, metadata changed"


def test_small_floats() -> None:
    codes = np.arange(256, dtype=np.uint8)
    e4m3, e5m2 = small_float(4, 3, finite=True)(codes), small_float(5, 2, finite=False)(codes)
    assert (e4m3[0x7E], e4m3[0x08], e4m3[0x01]) == (448.0, 2.0**-6, 2.0**-9)
    assert math.isnan(e4m3[0x7F])
    assert (e5m2[0x7B], e5m2[0x04], e5m2[0x01]) == (57344.0, 2.0**-14, 2.0**-16)
    assert e5m2[0xFC] == -math.inf
    ones = np.array([0x3F80, 0xC000], "<u2").view(np.uint8)
    assert bfloat16(ones).tolist() == [1.0, -2.0]


@pytest.mark.parametrize(("dtype", "raw", "largest"), [("BF16", "<u2", 1.0), ("F8_E4M3", "u1", 1.0)])
def test_small_floats_are_compared(compare: Compare, dtype: str, raw: str, largest: float) -> None:
    one = {"BF16": 0x3F80, "F8_E4M3": 0x38}[dtype]
    old, new = np.zeros(8, raw), np.zeros(8, raw)
    new[3] = one
    found = compare("m.safetensors", file({"w": (dtype, old)}), file({"w": (dtype, new)}))
    assert isinstance(found, TensorsDiff)
    assert found.changed[0].difference is not None
    assert (found.changed[0].difference.changed, found.changed[0].difference.largest) == (1, largest)


def test_equal_tensors_of_a_store_are_not_read(stored: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    big = {name: ("F32", rng.standard_normal((300, 400)).astype("f4")) for name in "abcd"}
    old = stored(file(big))
    new = stored(file({**big, "b": ("F32", big["b"][1] + 1)}, {"step": "2"}))
    opened: list[int] = []
    for side in (old, new):
        monkeypatch.setattr(side, "open", _counting(side.open, opened))
    found = explain_tensors(old, new)
    assert [change.name for change in found.changed] == ["b"]
    assert found.unchanged == 3
    assert len(opened) == 4  # both headers, and b on both sides


def _counting(opener: Any, opened: list[int]) -> Any:
    def count() -> Any:
        opened.append(1)
        return opener()

    return count


def test_hostile_tensors(compare: Compare) -> None:
    good = file({"w": ("F32", np.zeros(4, "f4"))})

    def header(value: Any) -> bytes:
        text = json.dumps(value).encode()
        return struct.pack("<Q", len(text)) + text + bytes(16)

    w = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    bad = [
        b"",
        good[:12],
        struct.pack("<Q", 1 << 60) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        header({"w": {**w, "data_offsets": [0, 160]}}),
        header({"w": {**w, "shape": [1 << 40, 1 << 40]}}),
        header({"w": {**w, "shape": [-4]}}),
        header({"w": {**w, "shape": None}}),
        header({"w": {**w, "dtype": "F1024"}}),
        header({"w": {**w, "dtype": ["F32"]}}),
        header({"w": 3}),
        header({"__metadata__": 3}),
    ]
    for data in bad:
        assert isinstance(compare("m.safetensors", good, data), Unreadable), data[:60]
