"""HEAD without an engine."""

from __future__ import annotations

import pytest

from aidb.errors import DamagedObjectError, StorageError
from aidb.versioning.head import Head, read_head
from tests.versioning.history import History


def test_from_birth_to_detached(history: History) -> None:
    folder = history.git_folder
    assert read_head(folder) == Head("main", None)
    (one,) = history.grow("one")
    assert read_head(folder) == Head("main", one)
    history.engine.set_head(None, one)
    assert read_head(folder) == Head(None, one)
    history.engine.set_head("team/new")
    assert read_head(folder) == Head("team/new", None)


def test_packed_refs(history: History) -> None:
    one, _two = history.grow("one", "two")
    history.commit({"a": "b"}, one, branch="team/side")
    history.git("-c", "user.name=T", "-c", "user.email=t@example.invalid", "tag", "-a", "v1", "-m", "x", one)
    history.git("pack-refs", "--all", "--prune")
    assert read_head(history.git_folder) == history.engine.head()
    (three,) = history.grow("three")
    assert read_head(history.git_folder) == Head("main", three)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "ref: refs/tags/v1", "ref: ../../etc/passwd", "ref: refs/heads/../x", "\0" * 41]
)
def test_what_it_does_not_understand_it_leaves_to_the_engine(history: History, text: str) -> None:
    (history.git_folder / "HEAD").write_text(text)
    assert read_head(history.git_folder) is None


@pytest.mark.parametrize("text", ["", "zzz\n", "\0" * 41, "a" * 39 + "\n"])
def test_a_damaged_branch_is_not_taken_for_an_empty_one(history: History, text: str) -> None:
    history.grow("one")
    (history.git_folder / "refs/heads/main").write_text(text)
    with pytest.raises(DamagedObjectError, match="refs/heads/main"):
        read_head(history.git_folder)
    with pytest.raises(DamagedObjectError, match="refs/heads/main"):
        history.engine.head()


def test_a_missing_head(history: History) -> None:
    (history.git_folder / "HEAD").unlink()
    with pytest.raises(StorageError):
        read_head(history.git_folder)
