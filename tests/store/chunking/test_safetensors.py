from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.store import ObjectStore
from aidb.store.chunking.cutter import AVERAGE_CHUNK, MIN_CHUNK
from aidb.store.chunking.safetensors import tensor_sections
from aidb.store.chunking.sections import Section
from tests.store.content import KIB, checkpoint, noise


def with_header(header: bytes, body: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + body


def bounds(data: bytes) -> list[tuple[int, int]]:
    return [(section.start, section.end) for section in tensor_sections(memoryview(data))]


def test_large_tensors_are_sections() -> None:
    data = checkpoint({"a": noise(100 * KIB), "b": noise(200 * KIB)})
    base = len(data) - 300 * KIB
    assert list(tensor_sections(memoryview(data))) == [
        Section(base, base + 100 * KIB, "BF16", ("a",)),
        Section(base + 100 * KIB, base + 300 * KIB, "BF16", ("b",)),
    ]


def test_small_tensors_stay_together() -> None:
    tensors = {f"bias{number}": noise(100) for number in range(10)}
    data = checkpoint({**tensors, "weight": noise(100 * KIB), "more": noise(10)})
    base = len(data) - 100 * KIB - 1010
    ends = [base + 1000, base + 1000 + 100 * KIB, len(data)]
    assert bounds(data) == list(pairwise([base, *ends]))


def test_many_small_tensors_make_few_sections() -> None:
    tensors = {f"t{number}": noise(1000) for number in range(2000)}
    lengths = [end - start for start, end in bounds(checkpoint(tensors))]
    assert sum(lengths) == 2_000_000
    assert all(AVERAGE_CHUNK <= length < AVERAGE_CHUNK + 1000 for length in lengths[:-1])


def test_only_small_tensors() -> None:
    data = checkpoint({"a": noise(10), "b": noise(10)})
    assert bounds(data) == [(len(data) - 20, len(data))]


def test_empty_tensors_and_mixed_kinds() -> None:
    header = {
        "a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]},
        "b": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "c": {"dtype": "I64", "shape": [1], "data_offsets": [8, 16]},
        "d": {"dtype": 7, "shape": [0], "data_offsets": [16, 16]},
    }
    data = with_header(json.dumps(header).encode(), bytes(16))
    (section,) = tensor_sections(memoryview(data))
    assert section == Section(len(data) - 16, len(data), "", ("b", "c"))
    assert section.width == 0


@pytest.mark.parametrize(
    "header",
    [
        b"{}",
        b"[]",
        b"{",
        b'{"a": 1}',
        b'{"a": {"data_offsets": [0]}}',
        b'{"a": {"data_offsets": [0, "x"]}}',
        b'{"a": {"data_offsets": [true, false]}}',
        b'{"a": {"data_offsets": [5, 1]}}',
        b'{"a": {"data_offsets": [-5, 1]}}',
        b'{"a": {"data_offsets": [1, 10]}}',
        b'{"a": {"data_offsets": [0, 10]}, "b": {"data_offsets": [5, 20]}}',
        b'{"a": {"data_offsets": [0, 1e400]}}',
        b'{"a": {"data_offsets": [0, ' + b"9" * 4000 + b"]}}",
        b'{"a":' * 100_000,
        b'{"\xff": 1}',
    ],
)
def test_what_is_no_safetensors_file(header: bytes) -> None:
    assert not tensor_sections(memoryview(with_header(header, noise(100))))


@pytest.mark.parametrize(
    "head", [b"", b"{", b"\xff" * 8 + b"{}", bytes(8) + b"{}", b"\x02" + bytes(7) + b"{"]
)
def test_lengths_that_do_not_fit(head: bytes) -> None:
    assert not tensor_sections(memoryview(head))


@given(st.binary(max_size=200))
def test_hostile_bytes(body: bytes) -> None:
    for data in (body, with_header(b"{" + body)):
        found = bounds(data)
        assert all(start < end for start, end in found)
        assert all(one[1] <= two[0] for one, two in pairwise(found))


@pytest.mark.parametrize("dtype", ["U8", "BF16"])
def test_unchanged_tensors_deduplicate(store: ObjectStore, dtype: str) -> None:
    """One of ten tensors changes, and the metadata too: only that tensor and the header are stored again."""
    tensors = {f"layer{number}": noise(3 * MIN_CHUNK + number, number) for number in range(10)}
    with store.writer() as writer:
        first = writer.put_blob(checkpoint(tensors, dtype, step="1"))
    tensors["layer5"] = noise(len(tensors["layer5"]), 99)
    with store.writer() as writer:
        second = writer.put_blob(checkpoint(tensors, dtype, step="1000"))
        writer.flush()
        assert writer.stored_bytes < len(tensors["layer5"]) + 8 * KIB
    assert len(set(store.chunk_ids(second)) - set(store.chunk_ids(first))) <= 5


def test_large_files_are_cut_at_tensors_whatever_the_window(store: ObjectStore) -> None:
    """A file of several windows: every large tensor begins a chunk, and its cuts do not depend on what is before it."""
    tensors = {f"layer{number}": noise(700 * KIB + 8 * number, number) for number in range(30)}
    moved = {"new": noise(300 * KIB, 99), **tensors}
    with store.writer() as writer:
        first = writer.put_blob(checkpoint(tensors, "F32"))
        second = writer.put_blob(checkpoint(moved, "F32"))
    assert len(set(store.chunk_ids(second)) - set(store.chunk_ids(first))) == 3
    assert store.read_blob(second) == checkpoint(moved, "F32")
