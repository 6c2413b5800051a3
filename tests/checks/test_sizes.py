"""Sizes as people write them."""

from __future__ import annotations

import pytest

from aidb.checks.sizes import parse_size
from aidb.errors import InvalidInputError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (4096, 4096),
        ("4096", 4096),
        ("10 MiB", 10 << 20),
        ("2GB", 2_000_000_000),
        ("1.5 kib", 1536),
        (" 7 B ", 7),
        ("1 TiB", 1 << 40),
    ],
)
def test_sizes(text: int | str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "ten", "10 MM", "-1", "1e9", "1 2", "\u0661 KB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is not a size"):
        parse_size(text)
