"""Which commit last changed each file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.errors import PathNotFoundError
from aidb.types import CommitId
from aidb.versioning.annotate import annotate
from aidb.versioning.log import log
from tests.versioning.history import History, entry

PATHS = ["a", "d/b", "d/c", "d/e/f", *(f"many/{n}" for n in range(12))]
FILES = st.dictionaries(st.sampled_from(PATHS), st.sampled_from("123"), min_size=1)


@settings(max_examples=40)
@given(st.lists(st.tuples(FILES, st.lists(st.integers(1, 4), max_size=2)), min_size=1, max_size=9))
def test_as_the_log_of_each_path_says(
    tmp_path_factory: pytest.TempPathFactory, shape: list[tuple[dict[str, str], list[int]]]
) -> None:
    """On histories with merges and several beginnings; the log of one path alone is the slow way to the same."""
    history = History(tmp_path_factory.mktemp("history") / "repository")
    commits: list[CommitId] = []
    for number, (files, steps) in enumerate(shape):
        parents = dict.fromkeys(commits[max(0, number - step)] for step in steps if commits)
        commits.append(history.commit(files, *parents, message=str(number)))
    tip = commits[-1]
    for line in annotate(history.engine, history.nodes, tip):
        (last,) = log(history.engine, history.nodes, tip, paths=[line.path], limit=1)
        assert line.commit.id == last.id, line.path
        assert line.entry == entry(shape[-1][0][line.path])


def test_only_what_is_asked_for(history: History) -> None:
    one = history.commit({"a": "1", "d/b": "1", "d2": "1"})
    two = history.commit({"a": "2", "d/b": "1", "d2": "1"}, one)
    found = {line.path: line.commit.id for line in annotate(history.engine, history.nodes, two, b"d")}
    assert found == {"d/b": one}
    with pytest.raises(PathNotFoundError, match="nowhere is not in commit"):
        annotate(history.engine, history.nodes, two, b"nowhere")


def test_the_walk_ends_with_the_last_answer(history: History) -> None:
    """What lies before is not looked at: here it is not even there."""
    old = history.commit({"a": "0"})
    parent = history.commit({"a": "1"}, old)
    tip = history.commit({"a": "2"}, parent)
    history.damage(old, None)
    (line,) = annotate(history.reopened(), history.nodes, tip)
    assert line.commit.id == tip
