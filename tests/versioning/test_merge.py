"""Merging and reverting: outcomes as values, against plain dicts and by hand."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.errors import InvalidInputError
from aidb.types import CommitId, Entry, Kind
from aidb.versioning.manifest import Manifest, Reason
from aidb.versioning.merge import (
    Labels,
    MergeOutcome,
    Strategy,
    merge_commits,
    merge_manifests,
    merge_message,
)
from aidb.versioning.revert import revert_commit, revert_message
from tests.versioning.history import Files, History, entry
from tests.versioning.manifest.memory import Content, MemoryNodes, contents, store

LABELS = Labels("main", "team/clean")


def merged(
    history: History, base: Files, ours: Files, theirs: Files, strategy: Strategy | None = None
) -> tuple[MergeOutcome, dict[str, str | Entry]]:
    """Merge two children of a base; the result as text where it is known."""
    root = history.commit(base)
    mine, other = history.commit(ours, root), history.commit(theirs, root)
    outcome = merge_commits(
        history.engine, history.nodes, history.nodes, mine, other, strategy=strategy, labels=LABELS
    )
    assert outcome.base == root
    manifest = Manifest(history.nodes, outcome.root)
    assert (outcome.files, outcome.bytes) == (manifest.files, manifest.bytes)
    known = {
        entry(text): text for side in (base, ours, theirs) for text in side.values() if isinstance(text, str)
    }
    return outcome, {name: known.get(found, found) for name, found in history.files(outcome.root).items()}


def test_one_side_only(history: History) -> None:
    one, two = history.grow("one", "two")
    run = history.engine, history.nodes, history.nodes
    forward = merge_commits(*run, one, two)
    assert (forward.kind, forward.root) == ("fast-forward", history.engine.read_commit(two).root)
    assert merge_commits(*run, two, one).kind == "up-to-date"
    assert merge_commits(*run, two, two).kind == "up-to-date"
    born = merge_commits(*run, None, two)
    assert (born.kind, born.base, born.root) == ("fast-forward", None, forward.root)


def test_changes_of_both_sides(history: History) -> None:
    base = {"a": "1", "b": "1", "c": "1"}
    outcome, files = merged(history, base, {"a": "2", "b": "1", "c": "1"}, {"a": "1", "c": "3", "d": "4"})
    assert outcome.kind == "merged"
    assert files == {"a": "2", "c": "3", "d": "4"}
    assert [(c.path, c.old is None, c.new is None) for c in outcome.changes] == [
        (b"b", False, True),
        (b"c", False, False),
        (b"d", True, False),
    ]


CONFLICTS: list[tuple[Files, Files, Files, Reason, Files, Files, Files]] = [
    # base, ours, theirs, reason; the result with ours, theirs, both
    ({"a.csv": "1"}, {"a.csv": "2"}, {"a.csv": "3"}, Reason.MODIFIED_BOTH,
     {"a.csv": "2"}, {"a.csv": "3"}, {"a.csv": "2", "a.team-clean.csv": "3"}),
    ({"k": "k"}, {"k": "k", "d/a": "2"}, {"k": "k", "d/a": "3"}, Reason.ADDED_BOTH,
     {"k": "k", "d/a": "2"}, {"k": "k", "d/a": "3"}, {"k": "k", "d/a": "2", "d/a.team-clean": "3"}),
    ({"k": "k", "a": "1"}, {"k": "k"}, {"k": "k", "a": "2"}, Reason.DELETED_BY_OURS,
     {"k": "k"}, {"k": "k", "a": "2"}, {"k": "k", "a": "2"}),
    ({"k": "k", "a": "1"}, {"k": "k", "a": "2"}, {"k": "k"}, Reason.DELETED_BY_THEIRS,
     {"k": "k", "a": "2"}, {"k": "k"}, {"k": "k", "a": "2"}),
    ({"k": "k"}, {"k": "k", "a": "file"}, {"k": "k", "a/x": "2", "a/y": "3"}, Reason.FILE_FOLDER,
     {"k": "k", "a": "file"}, {"k": "k", "a/x": "2", "a/y": "3"},
     {"k": "k", "a.main": "file", "a/x": "2", "a/y": "3"}),
    ({"k": "k"}, {"k": "k", "a.d/x": "2"}, {"k": "k", "a.d": "file"}, Reason.FILE_FOLDER,
     {"k": "k", "a.d/x": "2"}, {"k": "k", "a.d": "file"}, {"k": "k", "a.d/x": "2", "a.team-clean.d": "file"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "reason", "by_ours", "by_theirs", "by_both"),
    CONFLICTS,
    ids=[f"{case[3]}-{number}" for number, case in enumerate(CONFLICTS)],
)
def test_conflicts_and_strategies(
    history: History,
    base: Files,
    ours: Files,
    theirs: Files,
    reason: Reason,
    by_ours: Files,
    by_theirs: Files,
    by_both: Files,
) -> None:
    outcome, files = merged(history, base, ours, theirs)
    assert outcome.kind == "conflicts"
    assert {conflict.reason for conflict in outcome.conflicts} == {reason}
    assert files == ours
    strategies: list[tuple[Strategy, Files]] = [("ours", by_ours), ("theirs", by_theirs), ("both", by_both)]
    for strategy, expected in strategies:
        settled, files = merged(history, base, ours, theirs, strategy)
        assert settled.kind == "merged"
        assert settled.conflicts == ()
        assert settled.resolved == outcome.conflicts
        assert files == expected


def test_names_beside_are_free(history: History) -> None:
    theirs = "team-clean"
    base = {"a.csv": "1", f"a.{theirs}.csv": "x"}
    ours = {"a.csv": "2", f"a.{theirs}.csv": "x", f"a.{theirs}-2.csv/in": "y"}
    _, files = merged(
        history, base, ours, {"a.csv": "3", f"a.{theirs}.csv": "x", f"a.{theirs}-3.csv": "z"}, "both"
    )
    assert files[f"a.{theirs}-4.csv"] == "3"
    long = "n" * 250 + ".csv"
    _, files = merged(history, {}, {long: "1"}, {long: "2"}, "both")
    (beside,) = (name for name in files if name != long)
    assert len(beside) == 255
    assert beside.endswith(".team-clean.csv")
    _, files = merged(history, {}, {".hidden": "1"}, {".hidden": "2"}, "both")
    assert files == {".hidden": "1", ".hidden.team-clean": "2"}


def test_mode_and_content_meet(history: History) -> None:
    base = {"run.sh": entry("1")}
    outcome, files = merged(history, base, {"run.sh": entry("1", Kind.EXECUTABLE)}, {"run.sh": entry("2")})
    assert outcome.kind == "merged"
    assert files == {"run.sh": entry("2", Kind.EXECUTABLE)}


def test_changes_follow_renames(history: History) -> None:
    outcome, files = merged(history, {"a": "1", "k": "k"}, {"b/a": "1", "k": "k"}, {"a": "2", "k": "k"})
    assert (outcome.kind, files) == ("merged", {"b/a": "2", "k": "k"})
    outcome, files = merged(history, {"a": "1", "k": "k"}, {"a": "2", "k": "k"}, {"b/a": "1", "k": "k"})
    assert (outcome.kind, files) == ("merged", {"b/a": "2", "k": "k"})
    # Not where something else is in the way, and not when both the name and the content changed.
    outcome, _ = merged(history, {"a": "1"}, {"b": "1"}, {"a": "2", "b": "3"})
    assert outcome.kind == "conflicts"
    outcome, _ = merged(history, {"a": "1"}, {"b": "5"}, {"a": "2"})
    assert outcome.kind == "conflicts"


def test_unrelated_histories(history: History) -> None:
    one, two = history.commit({"a": "1", "b": "1"}), history.commit({"b": "2", "c": "2"})
    outcome = merge_commits(history.engine, history.nodes, history.nodes, one, two)
    assert outcome.base is None
    assert [c.path for c in outcome.conflicts] == [b"b"]
    assert set(history.files(outcome.root)) == {"a", "b", "c"}


def test_criss_cross(history: History) -> None:
    """Two merges in both directions leave two merge bases; what each side has settled since must not come up again."""
    root = history.commit({"x": "0", "y": "0", "z": "0"})
    left = history.commit({"x": "l", "y": "0", "z": "l"}, root)
    right = history.commit({"x": "0", "y": "r", "z": "r"}, root)
    ours = history.commit({"x": "l", "y": "r", "z": "ours"}, left, right)
    theirs = history.commit({"x": "l", "y": "r", "z": "theirs"}, right, left)
    assert set(history.engine.merge_bases(ours, theirs)) == {left, right}
    written = len(history.nodes)
    outcome = merge_commits(history.engine, history.nodes, history.nodes, ours, theirs)
    assert [(c.path, c.base) for c in outcome.conflicts] == [(b"z", entry("0"))]
    assert outcome.root == history.engine.read_commit(ours).root
    assert len(history.nodes) == written
    ours_later = history.commit({"x": "later", "y": "r", "z": "same"}, ours)
    theirs_later = history.commit({"x": "l", "y": "later", "z": "same"}, theirs)
    outcome = merge_commits(history.engine, history.nodes, history.nodes, ours_later, theirs_later)
    assert outcome.kind == "merged"
    assert history.files(outcome.root) == {"x": entry("later"), "y": entry("later"), "z": entry("same")}


@pytest.mark.parametrize("seed", range(4))
def test_tangled_histories_merge(history: History, seed: int) -> None:
    """Merges of merges of merges: something comes out, both ways alike where nothing needs a decision."""
    chance = random.Random(seed)
    commits = [history.commit({"k": "k"})]
    contents: dict[CommitId, dict[str, str]] = {commits[0]: {"k": "k"}}
    for number in range(14):
        parents = chance.sample(commits[-4:], min(len(commits), chance.choice([1, 2, 2])))
        files = {**contents[parents[-1]], **contents[parents[0]]}
        files[chance.choice("abcd")] = str(number)
        commits.append(history.commit(files, *parents))
        contents[commits[-1]] = files
    run = history.engine, history.nodes, history.nodes
    for _ in range(30):
        one, two = chance.sample(commits[-8:], 2)
        there, back = merge_commits(*run, one, two), merge_commits(*run, two, one)
        assert {c.path for c in there.conflicts} == {c.path for c in back.conflicts}
        if not there.conflicts:
            assert there.root == back.root


@given(contents, contents, contents, st.sampled_from(["ours", "theirs", "both"]))
def test_strategies_settle_everything_and_lose_nothing(
    base: Content, ours: Content, theirs: Content, strategy: Strategy
) -> None:
    nodes = MemoryNodes()
    versions = [store(content, nodes) for content in (base, ours, theirs)]
    outcome = merge_manifests(nodes, *versions, strategy=strategy, labels=LABELS)
    result = dict(Manifest(nodes, outcome.root).items())
    assert outcome.conflicts == ()
    assert (outcome.files, outcome.bytes) == (len(result), sum(e.size for e in result.values()))
    undone = merge_manifests(nodes, *versions)
    for conflict in undone.conflicts:
        if strategy == "ours":
            assert result.get(conflict.path) == conflict.ours
        elif strategy == "theirs":
            assert result.get(conflict.path) == conflict.theirs
        else:
            kept = {(e.kind, e.blob) for e in result.values()}
            for side in (conflict.ours, conflict.theirs):
                assert side is None or (side.kind, side.blob) in kept


# Revert


def test_revert(history: History) -> None:
    one = history.commit({"a": "1", "b": "1"})
    two = history.commit({"a": "2", "b": "1", "c": "1"}, one)
    three = history.commit({"a": "2", "b": "2", "c": "1"}, two)
    run = history.engine, history.nodes, history.nodes
    outcome = revert_commit(*run, two, three)
    assert (outcome.kind, outcome.base) == ("merged", two)
    assert history.files(outcome.root) == {"a": entry("1"), "b": entry("2")}
    again = history.commit(history.files(outcome.root), three)
    assert revert_commit(*run, two, again).kind == "up-to-date"
    four = history.commit({"a": "4", "b": "2", "c": "1"}, three)
    assert [c.path for c in revert_commit(*run, two, four).conflicts] == [b"a"]
    assert [c.path for c in revert_commit(*run, one, three).conflicts] == [b"a", b"b"]
    first = revert_commit(*run, one, history.commit({"a": "1", "b": "1", "c": "1"}, three))
    assert history.files(first.root) == {"c": entry("1")}


def test_revert_of_a_merge_needs_a_side(history: History) -> None:
    one = history.commit({"a": "1"})
    left, right = history.commit({"a": "1", "l": "1"}, one), history.commit({"a": "1", "r": "1"}, one)
    merge = history.commit({"a": "1", "l": "1", "r": "1"}, left, right)
    run = history.engine, history.nodes, history.nodes
    with pytest.raises(InvalidInputError, match="which of its 2 parents"):
        revert_commit(*run, merge, merge)
    assert set(history.files(revert_commit(*run, merge, merge, parent=1).root)) == {"a", "l"}
    assert set(history.files(revert_commit(*run, merge, merge, parent=2).root)) == {"a", "r"}
    for number in (0, 3):
        with pytest.raises(InvalidInputError):
            revert_commit(*run, merge, merge, parent=number)


def test_messages(history: History) -> None:
    made = history.engine.read_commit(history.commit({}, message="Add labels\n\nmore"))
    assert revert_message(made) == f'Revert "Add labels"\n\nThis reverts commit {made.id}.'
    assert merge_message("clean", "main") == "Merge clean into main"
    assert merge_message("v1", None) == "Merge v1"
