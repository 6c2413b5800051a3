"""Transactions against a plain dictionary: what they show, what they leave, and that they are serialisable.

Two transactions that both land must have seen, and must leave, what they would have one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aidb
from aidb.errors import InvalidPathError, MergeConflictError, PathNotFoundError
from aidb.transaction import Transaction

Files = dict[str, bytes]

PATHS = ("a", "a/b", "a/b/c", "a/d", "a-", "e", "e/f")


class Step(NamedTuple):
    """One call of a transaction."""

    verb: str
    path: str
    target: str = ""
    content: bytes = b""


paths = st.sampled_from(PATHS)
steps = st.lists(
    st.one_of(
        st.builds(Step, st.just("put"), paths, content=st.sampled_from([b"", b"1", b"2"])),
        st.builds(Step, st.sampled_from(["delete", "read", "exists", "ls"]), paths),
        st.builds(Step, st.sampled_from(["copy", "move"]), paths, paths),
    ),
    max_size=7,
)


class Missing(Exception):  # noqa: N818 - the model's own
    """No such file or folder."""


class Clash(Exception):  # noqa: N818 - the model's own
    """Both a file and a folder."""


class Model:
    """What a transaction should do, on a dictionary."""

    def __init__(self, files: Files) -> None:
        self.files = dict(files)

    def run(self, step: Step) -> Any:
        files = dict(self.files)
        answer = getattr(self, step.verb)(files, step)
        for path in files:
            if any(other.startswith(path + "/") for other in files):
                raise Clash
        self.files = files
        return answer

    def put(self, files: Files, step: Step) -> None:
        files[step.path] = step.content

    def delete(self, files: Files, step: Step) -> None:
        for path in self.tree(files, step.path):
            del files[path]

    def copy(self, files: Files, step: Step) -> None:
        files |= {
            step.target + path[len(step.path) :]: data for path, data in self.tree(files, step.path).items()
        }

    def move(self, files: Files, step: Step) -> None:
        if step.target.startswith(step.path + "/"):
            raise Clash
        moved = self.tree(files, step.path)
        for path in moved:
            del files[path]
        files |= {step.target + path[len(step.path) :]: data for path, data in moved.items()}

    def read(self, files: Files, step: Step) -> bytes:
        if step.path not in files:
            raise Missing
        return files[step.path]

    def exists(self, files: Files, step: Step) -> bool:
        return bool(step.path in files or any(path.startswith(step.path + "/") for path in files))

    def ls(self, files: Files, step: Step) -> list[tuple[str, int, int]]:
        below = self.tree(files, step.path)
        if step.path in below:
            return [(step.path.rpartition("/")[2], 1, len(below[step.path]))]
        names: dict[str, list[bytes]] = {}
        for path, data in below.items():
            names.setdefault(path[len(step.path) + 1 :].partition("/")[0], []).append(data)
        return sorted((name, len(data), sum(map(len, data))) for name, data in names.items())

    def tree(self, files: Files, top: str) -> Files:
        found = {path: data for path, data in files.items() if path == top or path.startswith(top + "/")}
        if not found:
            raise Missing
        return found


def call(tx: Transaction, step: Step) -> Any:
    if step.verb == "put":
        return tx.put(step.path, step.content)
    if step.verb in ("copy", "move"):
        return getattr(tx, step.verb)(step.path, step.target)
    if step.verb == "ls":
        return sorted((item.name, item.files, item.bytes) for item in tx.ls(step.path))
    return getattr(tx, step.verb)(step.path)


def outcome(tx: Transaction | Model, step: Step) -> Any:
    """The answer to a step, or which error it ended with."""
    try:
        return tx.run(step) if isinstance(tx, Model) else call(tx, step)
    except (Missing, PathNotFoundError):
        return "missing"
    except (Clash, InvalidPathError):
        return "clash"


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[aidb.Repository]:
    with aidb.init(tmp_path_factory.mktemp("repo")) as repo:
        with repo.transaction(message="start") as tx:
            tx.put("start", b"")
        yield repo
        assert repo.fsck().ok


def begin(repo: aidb.Repository, before: list[Step]) -> Files:
    """Make the branch hold what some steps lead to."""
    model = Model({})
    with repo.transaction(message="clear") as tx:
        if tx.ls():
            tx.delete("")
    with repo.transaction(message="begin") as tx:
        for step in before:
            assert outcome(tx, step) == outcome(model, step), step
        assert {path: tx.read(path) for path, _ in tx.walk()} == model.files
    return model.files


def held(repo: aidb.Repository) -> Files:
    snapshot = repo.at("main")
    return {path: snapshot.read(path) for path in snapshot}


quick = settings(max_examples=60)


@quick
@given(before=steps, steps=steps)
def test_one_transaction_is_a_dictionary(
    repo: aidb.Repository, before: list[Step], steps: list[Step]
) -> None:
    model = Model(begin(repo, before))
    with repo.transaction(message="steps") as tx:
        for step in steps:
            assert outcome(tx, step) == outcome(model, step), step
            assert [path for path, _ in tx.walk()] == sorted(model.files)
    assert held(repo) == model.files


@quick
@given(before=steps, first=steps, second=steps)
def test_two_that_land_are_serialisable(
    repo: aidb.Repository, before: list[Step], first: list[Step], second: list[Step]
) -> None:
    start = begin(repo, before)
    one, two = repo.transaction(message="one"), repo.transaction(message="two")
    for step in first:
        outcome(one, step)
    answers = [outcome(two, step) for step in second]
    one.commit()
    model = Model(start)
    for step in first:
        outcome(model, step)
    assert held(repo) == model.files
    try:
        two.commit()
    except MergeConflictError:
        assert held(repo) == model.files
        return
    if two.commit_id is None:
        # Nothing is written: it saw the version it began from, and that is a moment, too.
        return
    assert [outcome(model, step) for step in second] == answers
    assert held(repo) == model.files
