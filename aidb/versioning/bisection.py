"""Finding the first bad commit by halving: which commit to try next, from what is known to be good and bad.

The candidates are what the bad commit reaches and no good one does. The next one to try splits them as evenly as
history allows, counted as Git does: by how many candidates a commit reaches, itself included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from aidb.types import CommitId

if TYPE_CHECKING:
    from aidb.versioning.engine import Engine


class Halving(NamedTuple):
    """What is left: the candidates, newest first, and the one to try, None if nothing can be told any more.

    With one candidate, that is the first bad commit.
    """

    candidates: list[CommitId]
    next: CommitId | None

    @property
    def steps(self) -> int:
        """About how many more tries are needed."""
        return max(0, len(self.candidates).bit_length() - 1)


def halve(
    engine: Engine, bad: CommitId, good: Iterable[CommitId], skipped: Iterable[CommitId] = ()
) -> Halving:
    """The candidates between `good` and `bad`, and the best one to try that is neither bad nor skipped."""
    candidates = [commit.id for commit in engine.walk([bad], good, "topological")]
    left_out = {bad, *skipped}
    weights = _weights(engine, candidates)
    total = len(candidates)
    tryable = [commit for commit in candidates if commit not in left_out]
    # Among equals the newest, so that the outcome depends on history alone.
    best = max(tryable, key=lambda commit: min(weights[commit], total - weights[commit]), default=None)
    return Halving(candidates, best)


def _weights(engine: Engine, candidates: list[CommitId]) -> Mapping[CommitId, int]:
    """How many candidates each one reaches."""
    inside = set(candidates)
    parents = {
        commit: [parent for parent in engine.links(commit).parents if parent in inside]
        for commit in candidates
    }
    weights: dict[CommitId, int] = {}
    for commit in reversed(candidates):
        if len(parents[commit]) < 2:
            weights[commit] = 1 + sum(weights[parent] for parent in parents[commit])
        else:
            weights[commit] = _reached(commit, parents)
    return weights


def _reached(commit: CommitId, parents: Mapping[CommitId, list[CommitId]]) -> int:
    seen = {commit}
    stack = [commit]
    while stack:
        for parent in parents[stack.pop()]:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return len(seen)
