"""Revision syntax, with plain git on the same folder as the judge."""

from __future__ import annotations

import contextlib
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.errors import AidbError, InvalidRevisionError, RevisionNotFoundError
from aidb.types import branch_ref, tag_ref
from aidb.versioning import revisions
from aidb.versioning.revisions import (
    is_range,
    previous_branch,
    resolve,
    resolve_range,
    select,
)
from tests.versioning.history import MAIN, History


@pytest.fixture
def rich(history: History) -> History:
    """main: one-two-merge-last, team/side: one-side, tag v1 on two; switched from team/side to main."""
    engine = history.engine
    one, two = history.grow("one", "two")
    side = history.commit({"s": "side"}, one, message="side", branch="team/side")
    history.commit({"m": "merge"}, two, side, message="merge", branch="main")
    engine.update_ref(tag_ref("v1"), None, two, "tag")
    history.grow("last")
    engine.set_head("team/side")
    engine.set_head("main")
    return history


SAME_AS_GIT = [
    "HEAD",
    "@",
    "main",
    "heads/main",
    "refs/heads/main",
    "team/side",
    "v1",
    "tags/v1",
    "HEAD~",
    "HEAD~1",
    "HEAD^",
    "HEAD~3",
    "main^^",
    "main~1^2",
    "HEAD^^2~1",
    "HEAD^0",
    "v1^{commit}",
    "v1^{}",
    "v1~0",
    "main@{0}",
    "main@{1}",
    "main@{2}",
    "HEAD@{3}",
    "@{1}",
    "@~2",
    "main@{1}~1",
    "@{-1}",
    "@{-1}~1",
    "@{-2}",
]


@pytest.mark.parametrize("text", SAME_AS_GIT)
def test_as_git_reads_it(rich: History, text: str) -> None:
    assert resolve(rich.engine, text) == rich.git("rev-parse", f"{text}^{{commit}}").strip()


@settings(max_examples=80)
@given(
    st.sampled_from(["HEAD", "main", "v1", "team/side", "@", "", "@{-1}", "main@{1}", "@{1}"]),
    st.lists(st.sampled_from(["~", "^", "~2", "^2", "^1", "~0", "^0", "~9", "^3"]), max_size=3),
)
def test_combinations_as_git_reads_them(rich: History, name: str, steps: list[str]) -> None:
    text = name + "".join(steps)
    command = ["git", "--git-dir", str(rich.git_folder), "rev-parse", "--verify", "-q", f"{text}^0"]
    judged = subprocess.run(command, capture_output=True, text=True)
    try:
        assert resolve(rich.engine, text) == judged.stdout.strip()
    except AidbError:
        assert judged.returncode != 0


@settings(max_examples=300)
@given(st.text(st.sampled_from("main@{}~^:/.HEADv1-0129 ab\0\n\\")))
def test_any_text_is_a_commit_or_a_clear_error(rich: History, text: str) -> None:
    with contextlib.suppress(AidbError):
        rich.engine.read_commit(resolve(rich.engine, text))


def test_ids(rich: History) -> None:
    tip = resolve(rich.engine, "main")
    assert resolve(rich.engine, tip) == tip
    assert resolve(rich.engine, tip.upper()) == tip
    assert resolve(rich.engine, tip[:8]) == tip
    assert resolve(rich.engine, tip[:8] + "~2") == resolve(rich.engine, "v1")


def test_a_branch_named_like_an_id_wins_over_a_short_one(rich: History) -> None:
    one, tip = resolve(rich.engine, "main~3"), resolve(rich.engine, "main")
    rich.engine.update_ref(branch_ref(tip[:7]), None, one, "x")
    assert resolve(rich.engine, tip[:7]) == one
    assert resolve(rich.engine, tip) == tip


def test_a_tag_wins_over_a_branch_as_in_git(rich: History) -> None:
    rich.engine.update_ref(branch_ref("v1"), None, resolve(rich.engine, "main"), "x")
    assert resolve(rich.engine, "v1") == rich.engine.read_ref(tag_ref("v1"))
    assert resolve(rich.engine, "heads/v1") == resolve(rich.engine, "main")


def test_short_ids_that_are_not_unique_list_the_candidates(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = [history.commit({}, message=f"commit {number}") for number in range(40)]
    monkeypatch.setattr(revisions, "SHORTEST", 2)
    digits = max((c[:2] for c in commits), key=lambda d: sum(c.startswith(d) for c in commits))
    meant = sorted(c for c in commits if c.startswith(digits))
    assert len(meant) > 1
    with pytest.raises(InvalidRevisionError, match=f"{len(meant)} commit ids") as caught:
        resolve(history.engine, digits)
    assert caught.value.hints[0].startswith(f"{meant[0][:12]} 2026-01-01 commit ")


@pytest.mark.parametrize(
    ("text", "error", "message", "hint"),
    [
        ("mian", RevisionNotFoundError, "no branch, tag or commit 'mian'", "Did you mean main?"),
        ("MAIN", RevisionNotFoundError, "'MAIN'", "Did you mean main?"),
        ("side", RevisionNotFoundError, "'side'", "team/side"),
        ("xyz", RevisionNotFoundError, "'xyz'", "aidb branch"),
        ("abc", RevisionNotFoundError, "'abc'", "at least 4 digits"),
        ("0" * 40, RevisionNotFoundError, "0000", "aidb branch"),
        ("main..team/side", InvalidRevisionError, "range", "one of its two ends"),
        ("main:train/1.png", InvalidRevisionError, "path", "'main'"),
        ("", InvalidRevisionError, "''", "HEAD~3"),
        ("~2", InvalidRevisionError, "'~2'", "HEAD~3"),
        ("main~9", RevisionNotFoundError, "goes back too far", ""),
        ("main^2", RevisionNotFoundError, "has one parent", ""),
        ("main~1^3", RevisionNotFoundError, "has 2 parents", ""),
        ("main~3^", RevisionNotFoundError, "is the first commit", ""),
        ("main@{99}", RevisionNotFoundError, "only 4 moves of main", "aidb log main"),
        ("@{-9}", RevisionNotFoundError, "only 2 switches", "aidb branch"),
        ("main@{-1}", InvalidRevisionError, "main@{-1}", "before the last switch"),
        ("main@{upstream}", AidbError, "point in time", ""),
        ("main^{tree}", InvalidRevisionError, "{tree}", ""),
        ("refs/../../HEAD", InvalidRevisionError, "range", ""),
    ],
)
def test_errors_help(rich: History, text: str, error: type[AidbError], message: str, hint: str) -> None:
    with pytest.raises(error) as caught:
        resolve(rich.engine, text)
    assert message in caught.value.message
    assert hint in " ".join(caught.value.hints)


def test_an_empty_repository(history: History) -> None:
    for text in ("HEAD", "@", "main", "HEAD~1"):
        with pytest.raises(RevisionNotFoundError) as caught:
            resolve(history.engine, text)
        assert "aidb commit" in caught.value.hints[0]


def test_points_in_time(rich: History) -> None:
    assert resolve(rich.engine, "main@{now}") == resolve(rich.engine, "main")
    assert resolve(rich.engine, "main@{2020-01-01}") == resolve(rich.engine, "main~3")


def test_ranges(rich: History) -> None:
    engine = rich.engine
    main, side = resolve(engine, "main"), resolve(engine, "team/side")
    assert resolve_range(engine, "team/side..main") == (side, main, False)
    assert resolve_range(engine, "team/side..") == (side, main, False)
    assert resolve_range(engine, "..team/side") == (main, side, False)
    assert resolve_range(engine, "main~1...team/side~0") == (resolve(engine, "main~1"), side, True)
    assert is_range("a..b")
    assert not is_range("main")
    for text in ("main", "a..b..c"):
        with pytest.raises(InvalidRevisionError):
            resolve_range(engine, text)


@pytest.mark.parametrize(
    "text", ["main", "v1..main", "main..v1", "v1...team/side", "team/side..", "main~1^2"]
)
def test_selections_as_git_reads_them(rich: History, text: str) -> None:
    found = {commit.id for commit in rich.engine.walk(*select(rich.engine, text))}
    assert found == set(rich.git("rev-list", text).split())


def test_previous_branch(rich: History) -> None:
    assert previous_branch(rich.engine) == "team/side"
    assert previous_branch(rich.engine, 2) == "main"
    rich.engine.set_head(None, rich.engine.read_ref(MAIN))
    rich.engine.set_head("main")
    assert previous_branch(rich.engine) == resolve(rich.engine, "main")
