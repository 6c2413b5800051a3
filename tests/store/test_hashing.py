"""Ids are those of BLAKE3, whoever else hashes at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from aidb.store.hashing import hash_bytes
from tests.store.content import noise


@given(st.lists(st.binary(max_size=3000)))
def test_one_after_the_other(pieces: list[bytes]) -> None:
    assert [hash_bytes(piece) for piece in pieces] == [blake3(piece).digest() for piece in pieces]


def test_many_at_once() -> None:
    pieces = [noise(size, size) for size in range(0, 200_000, 997)]
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(hash_bytes, pieces * 5))
    assert ids == [blake3(piece).digest() for piece in pieces] * 5


def test_what_cannot_be_hashed_spoils_no_id() -> None:
    with pytest.raises(TypeError):
        hash_bytes("text")  # type: ignore[arg-type]
    assert hash_bytes(b"a") == blake3(b"a").digest()
