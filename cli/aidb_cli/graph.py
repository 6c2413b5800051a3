r"""The history drawn beside `aidb log --graph`.

    *   merge clean
    |\
    | * remove broken images
    * | add labels
    |/
    * first version

Words: a *column* is a line on the drawing that waits for a commit, namely the next one on its way down. An *edge* leads
from a column above to a column below. Between two commits edges move sideways by at most one column a row; an edge
that has further to go crosses the columns between.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Drawn(NamedTuple):
    """What stands to the left of one commit's text."""

    first: str
    """Beside its first line."""
    after: tuple[str, ...]
    """Beside the lines below; these rows are needed even if there is no more text."""
    rest: str
    """Beside all further lines."""


class Graph:
    """Draws commits in the order they are given: each before its parents."""

    def __init__(self) -> None:
        self._columns: list[str] = []

    def draw(self, commit: str, parents: Sequence[str]) -> Drawn:
        """The drawing beside `commit`."""
        old = self._columns if commit in self._columns else [*self._columns, commit]
        at = old.index(commit)
        parents = list(dict.fromkeys(parents))
        new = _columns_below(old, at, parents)
        edges = [_Edge(i, new.index(column)) for i, column in enumerate(old) if i != at]
        edges += [_Edge(at, new.index(parent)) for parent in parents]
        self._columns = new
        width = 2 * max(len(old), len(new))
        first = "".join("* " if i == at else "| " for i in range(len(old))).ljust(width)
        return Drawn(first, tuple(row.ljust(width) for row in _rows(edges)), "| " * len(new))


def _columns_below(old: list[str], at: int, parents: list[str]) -> list[str]:
    """The columns after the commit in column `at`: a column that waits already for a parent keeps its place."""
    left, right = old[:at], old[at + 1 :]
    here = [parent for parent in parents if parent not in left and parent not in right]
    if not here:
        # All parents are waited for elsewhere: let the nearest one on the right come over, so that no gap is left.
        here = [column for column in right if column in parents][:1]
        right = [column for column in right if column not in here]
    return left + here + right


def among(shown: set[str], history: Sequence[tuple[str, Sequence[str]]]) -> dict[str, list[str]]:
    """The parents to draw when only some commits are shown: of each, the nearest shown ancestors.

    `history` is all of it with parents, each commit before its parents.
    """
    nearest: dict[str, list[str]] = {}
    parents: dict[str, list[str]] = {}
    for commit, own in reversed(history):
        found = list(dict.fromkeys(one for parent in own for one in nearest.get(parent, ())))
        nearest[commit] = [commit] if commit in shown else found
        parents[commit] = found
    return {commit: parents[commit] for commit in shown}


class _Edge:
    def __init__(self, place: int, target: int) -> None:
        self.place = place
        self.target = target

    @property
    def step(self) -> int:
        return (self.target > self.place) - (self.target < self.place)

    @property
    def gap(self) -> int:
        """Where on the row the stroke stands that takes the edge one column further."""
        return 2 * self.place + self.step


def _rows(edges: list[_Edge]) -> list[str]:
    """The rows that bring every edge to its column; none if all go straight down."""
    rows = []
    while any(edge.step for edge in edges):
        rows.append(_row(edges))
    return rows


def _row(edges: list[_Edge]) -> str:
    strokes: dict[int, str] = {}
    moving = []
    for edge in edges:
        if edge.step and edge.gap not in strokes:
            strokes[edge.gap] = "/" if edge.step < 0 else "\\"
            moving.append(edge)
        else:
            # In place, or another edge uses the gap in this row: wait.
            strokes[2 * edge.place] = "|"
    for edge in moving:
        edge.place += edge.step
    return "".join(strokes.get(i, " ") for i in range(max(strokes) + 1))
