"""Where a check applies."""

from __future__ import annotations

import pytest

from aidb.checks.selection import Selection
from aidb.versioning.gate import Event


@pytest.mark.parametrize(
    ("selection", "event", "branch", "applies"),
    [
        (Selection(), "commit", None, True),
        (Selection(), "merge", "any/thing", True),
        (Selection(on=("pre-merge",)), "commit", "main", False),
        (Selection(on=("pre-merge",)), "merge", "main", True),
        (Selection(branches=("main", "release/*")), "commit", "release/1/x", True),
        (Selection(branches=("main",)), "commit", "maintenance", False),
        (Selection(branches=("*",)), "commit", None, False),
    ],
)
def test_events_and_branches(selection: Selection, event: Event, branch: str | None, applies: bool) -> None:
    assert selection.applies(event, branch) is applies


@pytest.mark.parametrize(
    ("patterns", "path", "covered"),
    [
        ((), b"anything", True),
        (("train/**",), b"train/a/b.png", True),
        (("train/**",), b"test/train.png", False),
        (("*.csv",), b"deep/down/a.csv", True),
        (("/a.csv",), b"deep/a.csv", False),
        (("*.csv", "!raw/*.csv"), b"raw/a.csv", False),
        (("*",), b"not \xff utf-8", True),
    ],
)
def test_paths(patterns: tuple[str, ...], path: bytes, covered: bool) -> None:
    assert Selection(paths=patterns).covers(path) is covered
