"""Taking back what a commit did, or doing it again: merges with the commit and its parent as base and other side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb.errors import InvalidInputError
from aidb.types import CommitId
from aidb.versioning.merge import MergeContent, MergeOutcome, merge_step

if TYPE_CHECKING:
    from aidb.versioning.commits import Commit
    from aidb.versioning.engine import Engine
    from aidb.versioning.manifest import NodeReader, NodeWriter


def revert_commit(
    engine: Engine,
    reader: NodeReader,
    writer: NodeWriter,
    commit: CommitId,
    onto: CommitId,
    *,
    parent: int | None = None,
    merge_content: MergeContent | None = None,
) -> MergeOutcome:
    """The opposite of `commit`, applied to the version of `onto`.

    Of a merge, `parent` (from 1) says which side stays. The outcome is "up-to-date" if there is nothing to take back.
    """
    before = _parent(engine.read_commit(commit), parent)
    return merge_step(engine, reader, writer, commit, before, onto, merge_content=merge_content)


def pick_commit(
    engine: Engine,
    reader: NodeReader,
    writer: NodeWriter,
    commit: CommitId,
    onto: CommitId,
    *,
    parent: int | None = None,
    merge_content: MergeContent | None = None,
) -> MergeOutcome:
    """What `commit` did, done once more to the version of `onto`; `parent` as in `revert_commit`."""
    before = _parent(engine.read_commit(commit), parent)
    return merge_step(engine, reader, writer, before, commit, onto, merge_content=merge_content)


def _parent(commit: Commit, number: int | None) -> CommitId | None:
    """The version before a commit; None before the first one."""
    parents = commit.parents
    if number is None and len(parents) < 2:
        return parents[0] if parents else None
    if number is None:
        raise InvalidInputError(
            f"{commit.id[:10]} is a merge: it is not clear against which of its {len(parents)} parents to compare",
            hints=(
                f"Take files of one side's version instead: `aidb restore --source {commit.id[:10]}^1 PATH`.",
            ),
        )
    if not 1 <= number <= len(parents):
        raise InvalidInputError(f"commit {commit.id[:10]} has no parent number {number}")
    return parents[number - 1]


def revert_message(commit: Commit) -> str:
    """The usual message of the commit that takes `commit` back."""
    return f'Revert "{commit.subject}"\n\nThis reverts commit {commit.id}.'
