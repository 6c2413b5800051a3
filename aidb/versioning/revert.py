"""Taking back what a commit did: a merge whose base is that commit and whose other side is its parent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aidb.errors import InvalidInputError
from aidb.types import CommitId
from aidb.versioning.manifest import Manifest, NodeCache, NodeReader, NodeWriter
from aidb.versioning.merge import Labels, MergeContent, MergeOutcome, Strategy, merge_manifests
from aidb.versioning.overlay import Overlay

if TYPE_CHECKING:
    from aidb.versioning.commits import Commit
    from aidb.versioning.engine import Engine


def revert_commit(
    engine: Engine,
    reader: NodeReader,
    writer: NodeWriter,
    commit: CommitId,
    onto: CommitId,
    *,
    parent: int | None = None,
    strategy: Strategy | None = None,
    merge_content: MergeContent | None = None,
) -> MergeOutcome:
    """The opposite of `commit`, applied to the version of `onto`.

    Of a merge, `parent` (from 1) says which side stays. The outcome is "up-to-date" if there is nothing to take back.
    """
    taken_back = engine.read_commit(commit)
    before = _parent(taken_back, parent)
    nodes = Overlay(reader)
    cache = NodeCache(nodes)
    base = Manifest(cache, taken_back.root)
    ours = Manifest(cache, engine.read_commit(onto).root)
    theirs = Manifest(cache, nodes.empty if before is None else engine.read_commit(before).root)
    labels = Labels("ours", f"before-{commit[:10]}")
    outcome = merge_manifests(
        writer, base, ours, theirs, strategy=strategy, labels=labels, merge_content=merge_content
    )
    if outcome.kind == "merged" and outcome.root == ours.root:
        outcome = replace(outcome, kind="up-to-date")
    return replace(outcome, base=commit)


def _parent(commit: Commit, number: int | None) -> CommitId | None:
    """The version to go back to; None before the first commit."""
    parents = commit.parents
    if number is None and len(parents) < 2:
        return parents[0] if parents else None
    if number is None:
        raise InvalidInputError(
            f"{commit.id[:10]} is a merge: it is not clear which of its {len(parents)} sides should stay",
            hints=(
                f"Go back to one side's version instead: `aidb restore --source {commit.id[:10]}^1 PATH`.",
            ),
        )
    if not 1 <= number <= len(parents):
        raise InvalidInputError(f"commit {commit.id[:10]} has no parent number {number}")
    return parents[number - 1]


def revert_message(commit: Commit) -> str:
    """The usual message of the commit that takes `commit` back."""
    return f'Revert "{commit.subject}"\n\nThis reverts commit {commit.id}.'
