"""NumPy arrays and archives of them, honest and not."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.inside import ArraysDiff, Unreadable
from tests.inside.conftest import Compare


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "i8", "u8", ">i4", "bool", "c8", "U3", "M8[s]"])
def test_differences_agree_with_numpy(compare: Compare, dtype: str) -> None:
    old = np.arange(24).astype("i8").astype(dtype if dtype != "U3" else "i8").astype(dtype).reshape(4, 6)
    new = old.copy()
    new[1, 2], new[3, 3] = new[0, 0], new[0, 1]
    found = compare("a.npy", npy(old), npy(new))
    assert isinstance(found, ArraysDiff)
    difference = found.arrays[0].difference
    assert difference is not None
    assert (difference.elements, difference.changed) == (24, int((old != new).sum()))
    if np.dtype(dtype).kind in "fiub":
        apart = np.abs(new.astype("f8") - old.astype("f8"))
        assert difference.largest == apart.max()
        assert difference.norm == pytest.approx(np.linalg.norm(apart))
        assert difference.norm_before == pytest.approx(np.linalg.norm(old.astype("f8")))
    else:
        assert difference.largest is None or np.dtype(dtype).kind == "c"


@settings(max_examples=50)
@given(
    st.lists(st.floats(width=32), min_size=1, max_size=20),
    st.lists(st.floats(width=32), min_size=20, max_size=20),
    st.sets(st.integers(0, 19)),
)
def test_bits_decide(compare: Compare, values: list[float], others: list[float], places: set[int]) -> None:
    old = np.array(values, "f4")
    new = old.copy()
    for place in places:
        if place < len(new):
            new[place] = others[place]
    found = compare("a.npy", npy(old), npy(new))
    assert isinstance(found, ArraysDiff)
    assert found.arrays[0].difference is not None
    assert found.arrays[0].difference.changed == int((old.view("u4") != new.view("u4")).sum())
    assert "NaN" not in str(found.json()["arrays"])


def test_other_shapes_and_types(compare: Compare) -> None:
    found = compare("a.npy", npy(np.zeros((2, 3), "f4")), npy(np.zeros((3, 2), "f8")))
    assert found is not None
    assert found.summary() == "float32 [2, 3] → float64 [3, 2]"
    found = compare("a.npy", npy(np.zeros((2, 3))), npy(np.asfortranarray(np.zeros((2, 3)))))
    assert found is not None
    assert "Fortran" in found.summary()


def test_archives(compare: Compare) -> None:
    one, two = np.arange(6.0), np.arange(4)
    found = compare("a.npz", npz(a=one, b=two, c=two), npz(a=one + 1, b=two, d=two))
    assert isinstance(found, ArraysDiff)
    assert [(change.name, change.summary()) for change in found.arrays] == [
        ("a", "6 of 6 elements changed (100%), by up to 1"),
        ("c", "removed"),
        ("d", "added"),
    ]
    assert found.unchanged == 1
    assert found.summary() == "3 of 4 arrays differ"


def test_hostile_arrays(compare: Compare) -> None:
    good = npy(np.zeros(10))
    lying = good.replace(b"(10,)", b"(99,)")
    pickled = io.BytesIO()
    np.save(pickled, np.array([{}], object), allow_pickle=True)
    for bad in (lying, good[:-1], good[:30], b"\x93NUMPY\x01\x00\xff\xff", pickled.getvalue(), b""):
        found = compare("a.npy", good, bad)
        assert isinstance(found, Unreadable), bad[:40]
        assert "\n" not in found.summary()


def test_hostile_archives(compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aidb.inside.arrays._HARMLESS", 1 << 20)
    good = npz(a=np.zeros(10))
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w", force_zip64=True) as file,
    ):
        file.write(bytes(8 << 20))
    for bad in (good[:-8], good[: len(good) // 2], b"PK", bomb.getvalue(), _with_bad_crc(good)):
        found = compare("a.npz", good, bad)
        assert isinstance(found, Unreadable), bad[:40]


def _with_bad_crc(archive: bytes) -> bytes:
    at = archive.index(b"NUMPY") if b"NUMPY" in archive else 60
    return archive[:at] + b"\xff" + archive[at + 1 :]
