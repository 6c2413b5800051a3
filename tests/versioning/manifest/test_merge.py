"""Three-way merges, case by case."""

from __future__ import annotations

import pytest

from aidb.types import Entry, Kind, RepoPath
from aidb.versioning.manifest import Change, Conflict, Reason, ThreeWay, merge
from tests.versioning.manifest.memory import Content, entry, store

A = RepoPath(b"a")
ONE, TWO, THREE = entry(1), entry(2), entry(3)


def merged(base: dict[bytes, Entry], ours: dict[bytes, Entry], theirs: dict[bytes, Entry]) -> ThreeWay:
    return merge(
        *(store({RepoPath(path): found for path, found in side.items()}) for side in (base, ours, theirs))
    )


def single(base: Entry | None, ours: Entry | None, theirs: Entry | None) -> ThreeWay:
    """A merge of one path."""
    sides: list[Content] = [{A: found} if found else {} for found in (base, ours, theirs)]
    return merge(*map(store, sides))


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "wanted"),
    [
        (ONE, ONE, TWO, [Change(A, ONE, TWO)]),
        (ONE, ONE, None, [Change(A, ONE, None)]),
        (None, None, TWO, [Change(A, None, TWO)]),
        (ONE, TWO, ONE, []),
        (ONE, None, ONE, []),
        (None, TWO, None, []),
        (ONE, TWO, TWO, []),
        (ONE, None, None, []),
        (None, TWO, TWO, []),
    ],
)
def test_one_side_or_both_alike(
    base: Entry | None, ours: Entry | None, theirs: Entry | None, wanted: list[Change]
) -> None:
    assert single(base, ours, theirs) == (wanted, [])


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "reason"),
    [
        (ONE, TWO, THREE, Reason.MODIFIED_BOTH),
        (None, TWO, THREE, Reason.ADDED_BOTH),
        (ONE, None, THREE, Reason.DELETED_BY_OURS),
        (ONE, TWO, None, Reason.DELETED_BY_THEIRS),
    ],
)
def test_conflicts(base: Entry | None, ours: Entry | None, theirs: Entry | None, reason: Reason) -> None:
    assert single(base, ours, theirs) == ([], [Conflict(A, base, ours, theirs, reason)])


def as_kind(found: Entry, kind: Kind) -> Entry:
    return found._replace(kind=kind)


def test_content_and_executable_bit_merge() -> None:
    run = Kind.EXECUTABLE
    both = as_kind(TWO, run)
    assert single(ONE, TWO, as_kind(ONE, run)) == ([Change(A, TWO, both)], [])
    assert single(ONE, as_kind(ONE, run), TWO) == ([Change(A, as_kind(ONE, run), both)], [])
    assert single(ONE, both, TWO) == ([], [])
    assert single(ONE, TWO, both) == ([Change(A, TWO, both)], [])
    assert single(ONE, both, as_kind(ONE, run)) == ([], [])
    assert single(ONE, both, as_kind(THREE, run)).conflicts[0].reason is Reason.MODIFIED_BOTH


def test_a_symlink_merges_with_nothing() -> None:
    link = as_kind(ONE, Kind.SYMLINK)
    assert single(ONE, TWO, link).conflicts[0].reason is Reason.MODIFIED_BOTH
    assert single(ONE, as_kind(ONE, Kind.EXECUTABLE), link).conflicts[0].reason is Reason.MODIFIED_BOTH


def test_how_content_is_chunked_is_no_conflict() -> None:
    chunked = entry(2, chunked=True)
    assert single(ONE, TWO, chunked) == ([], [])
    assert single(None, chunked, TWO) == ([], [])


def paths_of(conflicts: list[Conflict]) -> list[bytes]:
    return [conflict.path for conflict in conflicts if conflict.reason is Reason.FILE_FOLDER]


def test_a_file_on_our_side_a_folder_on_theirs() -> None:
    changes, conflicts = merged({b"z": ONE}, {b"z": ONE, b"a": ONE}, {b"z": TWO, b"a/b": ONE, b"a/c/d": TWO})
    assert changes == [Change(RepoPath(b"z"), ONE, TWO)]
    assert paths_of(conflicts) == [b"a", b"a/b", b"a/c/d"]
    assert conflicts[0] == (b"a", None, ONE, None, Reason.FILE_FOLDER)
    assert conflicts[1] == (b"a/b", None, None, ONE, Reason.FILE_FOLDER)


def test_a_folder_on_our_side_a_file_on_theirs() -> None:
    changes, conflicts = merged({}, {b"a/b": ONE, b"a-": TWO}, {b"a": ONE, b"ab": TWO})
    assert [change.path for change in changes] == [b"ab"]
    assert paths_of(conflicts) == [b"a", b"a/b"]


def test_a_folder_that_became_a_file_where_we_added_to_it() -> None:
    base = {b"a/1": ONE, b"a/2": TWO, b"a/3": ONE}
    ours = {**base, b"a/3": THREE, b"a/new": THREE}
    changes, conflicts = merged(base, ours, {b"a": ONE})
    assert [(change.path, change.new) for change in changes] == [(b"a/1", None), (b"a/2", None)]
    assert paths_of(conflicts) == [b"a", b"a/3", b"a/new"]
    assert conflicts[1] == (b"a/3", ONE, THREE, None, Reason.FILE_FOLDER)


def test_a_changed_file_that_became_a_folder() -> None:
    changes, conflicts = merged({b"a": ONE}, {b"a": TWO}, {b"a/b": ONE})
    assert changes == []
    assert conflicts[0] == (b"a", ONE, TWO, None, Reason.FILE_FOLDER)
    assert paths_of(conflicts) == [b"a", b"a/b"]


def test_a_file_that_became_a_folder_without_our_doing() -> None:
    changes, conflicts = merged({b"a": ONE}, {b"a": ONE, b"b": ONE}, {b"a/b": ONE})
    assert [change.path for change in changes] == [b"a", b"a/b"]
    assert conflicts == []


def test_folders_within_folders_clash_at_the_file() -> None:
    _, conflicts = merged({}, {b"a/b": ONE, b"a/c": ONE}, {b"a/b/c/d": ONE, b"a/d": TWO})
    assert paths_of(conflicts) == [b"a/b", b"a/b/c/d"]
