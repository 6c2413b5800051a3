from __future__ import annotations

from itertools import takewhile
from operator import eq

from hypothesis import given
from hypothesis import strategies as st

from aidb.types import ID_SIZE
from aidb.versioning.manifest.node import common_ids

columns = st.lists(st.sampled_from([b"a", b"b", b"c"]).map(lambda letter: letter * ID_SIZE), max_size=40)


@given(columns, columns, columns, st.integers(0, 5), st.integers(0, 5))
def test_common_ids(shared: list[bytes], old: list[bytes], new: list[bytes], start: int, other: int) -> None:
    """As many as a comparison one by one finds, wherever it begins."""
    a, b = shared + old, shared + new
    start, other = min(start, len(a)), min(other, len(b))
    expected = sum(takewhile(bool, map(eq, a[start:], b[other:])))
    assert common_ids(b"".join(a), b"".join(b), start, other) == expected
