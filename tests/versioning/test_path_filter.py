"""Which paths are meant, against the obvious definition."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.errors import InvalidPathError
from aidb.types import RepoPath
from aidb.versioning.manifest import Change, Manifest, diff
from aidb.versioning.path_filter import PathFilter
from tests.versioning.manifest.memory import Content, MemoryNodes, contents, store

NAMES = [
    "a",
    "a-",
    "a0",
    "b",
    "c",
    "a/",
    "a/b",
    "a/a-",
    "b/",
    "*",
    "a*",
    "a/*",
    "[ab]",
    "?/b",
    "*/b",
    ".",
    "./a",
    "c/b/a",
]


def meant(path: bytes, wanted: list[str]) -> bool:
    """The definition: named, below what is named, or it or a folder above it matches."""
    text = path.decode("utf-8", "surrogateescape")
    above = [text[:at] for at, char in enumerate(text) if char == "/"]
    for name in wanted:
        plain = name.removeprefix("./").rstrip("/")
        if plain in (".", "") or plain in above or (plain == text and not name.endswith("/")):
            return True
        if set(plain) & set("*?[") and any(fnmatch.fnmatchcase(part, plain) for part in [text, *above]):
            return True
    return not wanted


@given(contents, contents, st.lists(st.sampled_from(NAMES), max_size=3))
def test_changes_are_those_that_are_meant(old: Content, new: Content, wanted: list[str]) -> None:
    nodes = MemoryNodes()
    before, after = store(old, nodes), store(new, nodes)
    wished = PathFilter(wanted)
    expected = [change for change in diff(before, after) if meant(change.path, wanted)]
    assert list(wished.changes(before, after)) == expected
    assert wished.differs(before, after) == bool(expected)
    for path in {*old, *new}:
        assert wished.matches(path) == meant(path, wanted)


@given(contents, st.lists(st.sampled_from(NAMES), max_size=2))
def test_nothing_on_one_side(content: Content, wanted: list[str]) -> None:
    manifest = store(content)
    found = [path for path in sorted(content) if meant(path, wanted)]
    wished = PathFilter(wanted)
    assert list(wished.changes(None, manifest)) == [Change(p, None, content[p]) for p in found]
    assert list(wished.changes(manifest, None)) == [Change(p, content[p], None) for p in found]
    assert list(wished.changes(None, None)) == []
    assert not wished.differs(manifest, Manifest(manifest.nodes, manifest.root))


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../b", ".aidb/x", "a\0b", "", "./"])
def test_hostile_paths(path: str) -> None:
    if path in ("", "./"):
        assert PathFilter([path]).everything
        return
    with pytest.raises(InvalidPathError):
        PathFilter([path])


def test_names_that_hold_pattern_characters_are_also_meant_plainly() -> None:
    wished = PathFilter(["data[1].csv"])
    assert wished.matches(RepoPath(b"data[1].csv"))
    assert wished.matches(RepoPath(b"data1.csv"))
    assert not wished.matches(RepoPath(b"data2.csv"))
    assert PathFilter(["\udcff*"]).matches(RepoPath(b"\xffx/y"))
    assert PathFilter(["a/b/*.png"]).prefixes == [b"a/b/"]
