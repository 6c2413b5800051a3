from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.store import ObjectStore
from aidb.store.chunking.cutter import MIN_CHUNK
from aidb.store.chunking.safetensors import tensor_fences
from tests.store.content import KIB, noise


def with_header(header: bytes, body: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + body


def safetensors(tensors: Mapping[str, bytes], metadata: Mapping[str, str] | None = None) -> bytes:
    """A file as the safetensors library writes it."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    offset = 0
    for name, data in tensors.items():
        header[name] = {"dtype": "U8", "shape": [len(data)], "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    return with_header(json.dumps(header).encode(), b"".join(tensors.values()))


def test_large_tensors_are_fenced() -> None:
    data = safetensors({"a": noise(100 * KIB), "b": noise(200 * KIB)})
    base = len(data) - 300 * KIB
    assert tensor_fences(memoryview(data)) == [base, base + 100 * KIB, base + 300 * KIB]


def test_small_tensors_stay_together() -> None:
    tensors = {f"bias{number}": noise(100) for number in range(10)}
    data = safetensors({**tensors, "weight": noise(100 * KIB), "more": noise(10)})
    base = len(data) - 100 * KIB - 1010
    assert tensor_fences(memoryview(data)) == [base, base + 1000, base + 1000 + 100 * KIB]


def test_only_small_tensors() -> None:
    data = safetensors({"a": noise(10), "b": noise(10)})
    assert tensor_fences(memoryview(data)) == [len(data) - 20]


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
    assert tensor_fences(memoryview(with_header(header, noise(100)))) == []


@pytest.mark.parametrize(
    "head", [b"", b"{", b"\xff" * 8 + b"{}", bytes(8) + b"{}", b"\x02" + bytes(7) + b"{"]
)
def test_lengths_that_do_not_fit(head: bytes) -> None:
    assert tensor_fences(memoryview(head)) == []


@given(st.binary(max_size=200))
def test_hostile_bytes(body: bytes) -> None:
    for data in (body, with_header(b"{" + body)):
        fences = tensor_fences(memoryview(data))
        assert fences == sorted(set(fences))


def test_unchanged_tensors_deduplicate(store: ObjectStore) -> None:
    """One of ten tensors changes, and the metadata too: only that tensor and the header are stored again."""
    tensors = {f"layer{number}": noise(3 * MIN_CHUNK + number, number) for number in range(10)}
    with store.writer() as writer:
        first = writer.put_blob(safetensors(tensors, {"step": "1"}))
    tensors["layer5"] = noise(len(tensors["layer5"]), 99)
    with store.writer() as writer:
        second = writer.put_blob(safetensors(tensors, {"step": "1000"}))
        writer.flush()
        assert writer.stored_bytes < len(tensors["layer5"]) + 8 * KIB
    assert len(set(store.chunk_ids(second)) - set(store.chunk_ids(first))) <= 5
