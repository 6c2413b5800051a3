"""JSON, path by path."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.inside import DocumentDiff, TextDiff, Unreadable, ValueChange
from aidb.inside.documents import _changes
from tests.inside.conftest import Compare

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text("ab.", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("ab.", max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=150)
@given(VALUES, VALUES)
def test_nothing_is_said_only_of_equal_documents(old: Any, new: Any) -> None:
    same = json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)
    assert (not list(_changes(old, new))) == same
    assert not list(_changes(old, copy.deepcopy(old)))


def test_changes(compare: Compare) -> None:
    old = {"lr": 0.1, "layers": [1, 2, 3], "name": {"a b": 1}, "gone": [1], "flag": 1}
    new = {"lr": 0.2, "layers": [0, 1, 2, 3], "name": {"a b": None}, "flag": True, "new": {}}
    found = compare("c.json", json.dumps(old).encode(), json.dumps(new, indent=2).encode())
    assert isinstance(found, DocumentDiff)
    assert found.changes == (
        ValueChange("lr", "0.1", "0.2"),
        ValueChange("layers[0]", None, "0"),
        ValueChange('name["a b"]', "1", "null"),
        ValueChange("gone", "[1]", None),
        ValueChange("flag", "1", "true"),
        ValueChange("new", None, "{}"),
    )
    assert found.summary() == "3 values changed, 2 values added, 1 value removed"
    same = compare("c.json", b"[1,2]", b"[ 1, 2 ]")
    assert same is not None
    assert same.summary() == "the same values, written differently"


def test_what_is_no_json_is_text(compare: Compare) -> None:
    assert isinstance(compare("c.json", b"{}", b"{oops"), TextDiff)
    assert isinstance(compare("c.json", b"{}", b"\xff\x00"), Unreadable)
    deep = b"[" * 100_000 + b"]" * 100_000
    assert isinstance(compare("c.json", b"{}", deep), TextDiff)
