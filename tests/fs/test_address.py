from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.fs import address


@pytest.mark.parametrize(
    ("text", "stripped", "folder"),
    [
        ("aidb://main/train/a.csv", "main/train/a.csv", None),
        ("aidb://main/train/", "main/train", None),
        ("aidb://main", "main", None),
        ("aidb://", "", None),
        ("main/a:b@c/d", "main/a:b@c/d", None),
        ("aidb://main~2/a", "main~2/a", None),
        ("aidb://main@{1}/a", "main@{1}/a", None),
        ("aidb://feature%2Fx/a", "feature%2Fx/a", None),
        ("aidb://main@/data/pets:train/a.csv", "main/train/a.csv", "/data/pets"),
        ("aidb://feature%2Fx@/data/pets/:a:b", "feature%2Fx/a:b", "/data/pets"),
        ("aidb://v1@/data/pets", "v1", "/data/pets"),
        ("aidb://v1@/data/pets:", "v1", "/data/pets"),
    ],
)
def test_what_an_address_says(text: str, stripped: str, folder: str | None) -> None:
    assert address.strip(text) == stripped
    assert address.folder_of(text) == folder


@given(st.text(min_size=1), st.text().map(lambda text: text.strip("/")))
def test_revision_and_path_come_back(revision: str, path: str) -> None:
    joined = address.join(revision, path)
    assert address.strip(joined) == joined.rstrip("/")
    assert address.folder_of(joined) is None
    assert address.split(joined) == (revision, path)
