"""Diffs by file: states, renames, totals, paths."""

from __future__ import annotations

import pytest
from hypothesis import given

from aidb.types import Kind
from aidb.versioning import diff as diff_module
from aidb.versioning.diff import Diff, DiffTotals, FileChange, diff_commits, diff_manifests, file_changes
from aidb.versioning.manifest import Manifest, diff
from tests.versioning.history import Files, History, entry
from tests.versioning.manifest.memory import Content, MemoryNodes, contents, store


def changed(history: History, old: object, new: object, **options: object) -> list[tuple[str, ...]]:
    before, after = (Manifest(history.nodes, history.store(side)) for side in (old, new))  # type: ignore[arg-type]
    found = diff_manifests(before, after, **options)  # type: ignore[arg-type]
    return [(c.status, c.path) if c.old_path is None else (c.status, c.old_path, c.path) for c in found]


def test_states(history: History) -> None:
    old = {
        "gone": "1",
        "kept": "2",
        "edited": "3",
        "mode": entry("4"),
        "link": entry("5"),
        "both": entry("6"),
    }
    new = {
        "added": "7",
        "kept": "2",
        "edited": "3+",
        "mode": entry("4", Kind.EXECUTABLE),
        "link": entry("5", Kind.SYMLINK),
        "both": entry("6+", Kind.EXECUTABLE),
    }
    assert changed(history, old, new) == [
        ("A", "added"),
        ("M", "both"),
        ("M", "edited"),
        ("D", "gone"),
        ("T", "link"),
        ("T", "mode"),
    ]


RENAMES: list[tuple[Files, Files, list[tuple[str, ...]]]] = [
    ({"a": "x"}, {"b": "x"}, [("R", "a", "b")]),
    ({"a": "x"}, {"a": "x", "b": "x"}, [("A", "b")]),
    ({"a": ""}, {"b": ""}, [("D", "a"), ("A", "b")]),
    (
        {"d/1.png": "x", "d/2.png": "y"},
        {"e/1.png": "x", "e/2.png": "y"},
        [("R", "d/1.png", "e/1.png"), ("R", "d/2.png", "e/2.png")],
    ),
    # Equal contents: the base name decides, then the order of paths.
    ({"p/a": "x", "p/b": "x"}, {"q/b": "x", "q/c": "x"}, [("R", "p/b", "q/b"), ("R", "p/a", "q/c")]),
    ({"p/a": "x"}, {"q/a": "x", "q/b": "x"}, [("R", "p/a", "q/a"), ("A", "q/b")]),
    ({"p/a": "x", "p/b": "x"}, {"z": "x"}, [("D", "p/b"), ("R", "p/a", "z")]),
    ({"1/a": "x", "2/a": "x"}, {"3/a": "x", "4/a": "x"}, [("R", "1/a", "3/a"), ("R", "2/a", "4/a")]),
]


@pytest.mark.parametrize(("old", "new", "expected"), RENAMES)
def test_renames(history: History, old: Files, new: Files, expected: list[tuple[str, ...]]) -> None:
    assert changed(history, old, new) == expected
    back = changed(history, new, old)
    assert len(back) == len(expected)


def test_a_link_is_not_a_renamed_file(history: History) -> None:
    assert changed(history, {"a": "x"}, {"b": entry("x", Kind.SYMLINK)}) == [("D", "a"), ("A", "b")]
    assert changed(history, {"a": "x"}, {"b": entry("x", Kind.EXECUTABLE)}) == [("R", "a", "b")]


def test_paths_are_chosen_before_renames_are_looked_for(history: History) -> None:
    old, new = {"d/a": "x", "e/b": "y"}, {"f/a": "x", "e/b": "z"}
    assert changed(history, old, new, paths=["f"]) == [("A", "f/a")]
    assert changed(history, old, new, paths=["d", "f/*"]) == [("R", "d/a", "f/a")]
    assert changed(history, old, new, renames=False) == [("D", "d/a"), ("M", "e/b"), ("A", "f/a")]


def test_huge_diffs_skip_renames(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff_module, "MOST_RENAMES", 1)
    assert changed(history, {"a": "x"}, {"b": "x"}) == [("D", "a"), ("A", "b")]


@given(contents, contents)
def test_a_diff_leads_from_one_to_the_other(old: Content, new: Content) -> None:
    nodes = MemoryNodes()
    changes = file_changes(diff(store(old, nodes), store(new, nodes)))
    result = dict(old)
    for change in changes:
        before = change.path if change.old_path is None else change.old_path
        if change.old is not None:
            assert result.pop(_raw(before)) == change.old  # type: ignore[call-overload]
    for change in changes:
        assert change.old != change.new or change.status == "R"
        if change.new is not None:
            result[_raw(change.path)] = change.new  # type: ignore[index]
    assert result == new
    assert [_raw(c.path) for c in changes] == sorted(_raw(c.path) for c in changes)


def _raw(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def test_totals_and_appearance(history: History) -> None:
    before = Manifest(history.nodes, history.store({"a": "12345", "b": "123", "c": "1"}))
    after = Manifest(history.nodes, history.store({"x": "12345", "b": "1234", "<d>": "12"}))
    found = diff_manifests(before, after)
    assert found.totals == DiffTotals(1, 1, 1, 1, 0, bytes_added=4 + 2, bytes_removed=3 + 1)
    assert repr(found) == "<Diff: 1 added, 1 modified, 1 deleted, 1 renamed, +6 B -4 B>"
    assert "&lt;d&gt;" in found._repr_html_()
    assert len(found) == 4
    assert not Diff([])
    assert (
        Diff([FileChange("A", str(n), None, None, entry("x")) for n in range(60)])._repr_html_().count("<tr>")
        == 51
    )


def test_commits(history: History) -> None:
    one = history.commit({"a": "1"})
    two = history.commit({"a": "1", "b": "2"}, one)
    assert [c[:2] for c in diff_commits(history.engine, history.nodes, one, two)] == [("A", "b")]
    assert [c[:2] for c in diff_commits(history.engine, history.nodes, None, one)] == [("A", "a")]
    assert [c[:2] for c in diff_commits(history.engine, history.nodes, two, None, paths=["b"])] == [
        ("D", "b")
    ]
