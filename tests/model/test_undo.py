"""Every verb of a game is taken back and done again: refs, HEAD, what is staged and files are exactly as they were."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, cast

import pytest
from hypothesis import HealthCheck, settings

import aidb
from aidb.versioning.workspace.index.state import State
from tests.faults.tree import Tree, read_tree
from tests.model.test_repository import Repositories

EXAMPLES = int(os.environ.get("AIDB_MODEL_EXAMPLES", "25"))
VERBS = {"add", "remove", "move", "commit", "switch", "restore", "reset", "merge", "abort_merge", "revert"}


class Everything(NamedTuple):
    """All that an undo has to bring back."""

    refs: dict[str, str]
    head: tuple[str | None, str | None]
    state: State
    tracked: list[bytes]
    files: Tree
    status: list[object]


def look(repo: aidb.Repository) -> Everything:
    index = repo.workspace.read_index()
    status = repo.status()
    return Everything(
        {str(name): str(commit) for name, commit in repo.engine.list_refs().items()},
        (repo.head.branch, repo.head.commit),
        index.state,
        sorted(index.tracked_below(b"")),
        read_tree(repo.root),
        [status.staged, status.unstaged, status.untracked, status.conflicts, status.merging],
    )


class Hesitant:
    """A repository whose user takes back whatever he does, and then does it all the same."""

    def __init__(self, repo: aidb.Repository) -> None:
        self._repo = repo

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._repo, name)
        if name in ("branches", "tags"):
            return _HesitantRefs(self._repo, found)
        return hesitant(self._repo, found) if name in VERBS else found


class _HesitantRefs:
    def __init__(self, repo: aidb.Repository, refs: Any) -> None:
        self._repo = repo
        self._refs = refs

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._refs, name)
        return hesitant(self._repo, found) if name in ("create", "delete", "rename") else found


def hesitant(repo: aidb.Repository, verb: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(verb)
    def call(*args: Any, **options: Any) -> Any:
        before, known = look(repo), len(repo.operations)
        answer = verb(*args, **options)
        after = look(repo)
        if len(repo.operations) == known:
            assert after == before, "a change that no operation tells of"
            return answer
        repo.operations.undo()
        assert look(repo) == before
        repo.operations.redo()
        assert look(repo) == after
        return answer

    return call


class HesitantRepositories(Repositories):
    def open(self) -> aidb.Repository:
        return cast(aidb.Repository, Hesitant(aidb.open(self.root)))


TestUndo = HesitantRepositories.TestCase
TestUndo.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=30,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestUndo = pytest.mark.timeout(0 if EXAMPLES > 200 else 300)(TestUndo)
