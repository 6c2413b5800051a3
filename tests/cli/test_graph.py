"""The drawing of a history: by example, and by following its lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aidb_cli.graph import Graph

History = list[tuple[str, ...]]
"""Commits, newest first, each with its parents."""


def draw(history: History) -> list[str]:
    graph = Graph()
    lines = []
    for commit, *parents in history:
        drawn = graph.draw(commit, parents)
        lines += [drawn.first + commit, *drawn.after]
    return [line.rstrip() for line in lines]


def picture(text: str) -> list[str]:
    lines = [line[4:] for line in text.strip("\n").split("\n")]
    return [line.rstrip() for line in lines if line.strip()]


def test_a_line() -> None:
    assert draw([("c", "b"), ("b", "a"), ("a",)]) == ["* c", "* b", "* a"]


def test_a_merge() -> None:
    assert draw([("M", "A", "B"), ("B", "C"), ("A", "C"), ("C",)]) == picture(r"""
    *   M
    |\
    | * B
    * | A
    |/
    * C
    """)


def test_three_branches_from_one() -> None:
    assert draw([("b", "a"), ("c", "a"), ("d", "a"), ("a",)]) == picture(r"""
    * b
    | * c
    |/
    | * d
    |/
    * a
    """)


def test_a_merge_beside_a_branch() -> None:
    assert draw([("1", "0", "a"), ("2", "0"), ("a", "z"), ("0", "z"), ("z",)]) == picture(r"""
    *   1
    |\
    | | * 2
    | |/
    |/|
    | * a
    * | 0
    |/
    * z
    """)


def test_an_octopus() -> None:
    assert draw([("O", "a", "b", "c"), ("a", "r"), ("b", "r"), ("c", "r"), ("r",)]) == picture(r"""
    *     O
    |\
    |\|
    | |\
    * | | a
    | * | b
    |/ /
    | * c
    |/
    * r
    """)


def test_histories_without_a_common_start() -> None:
    assert draw([("a2", "a1"), ("b1",), ("a1",)]) == picture("""
    * a2
    | * b1
    * a1
    """)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Any history in which parents come after their children."""
    size = draw(st.integers(1, 14))
    history: History = []
    for number in range(size):
        older = [str(other) for other in range(number + 1, size)]
        most = min(len(older), 3)
        count = draw(st.integers(0, most)) if older else 0
        parents = draw(st.permutations(older[:6]))[:count] if older else []
        history.append((str(number), *parents))
    return history


class _Canvas:
    """Follows strokes downwards. Where lines cross, it follows all of them."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def at(self, row: int, column: int) -> str:
        line = self.lines[row]
        return line[column] if 0 <= column < len(line) else " "

    def reached(self, row: int, column: int) -> set[int]:
        """The rows of the commits to which the commit drawn there leads."""
        found, seen, todo = set(), set(), [(row, column, "|")]
        while todo:
            place = todo.pop()
            if place in seen:
                continue
            seen.add(place)
            for row_below, column_below in self.below(*place):
                char = self.at(row_below, column_below)
                if char == "*":
                    found.add(row_below)
                else:
                    todo.append((row_below, column_below, char))
        return found

    def below(self, row: int, column: int, char: str) -> list[tuple[int, int]]:
        """Strokes on the next row that continue a stroke: straight below, or leaning away from its foot."""
        foot = column + {"/": -1, "\\": 1}.get(char, 0)
        if row + 1 == len(self.lines):
            return []
        wanted = ((foot, "|*"), (foot - 1, "/"), (foot + 1, "\\"))
        return [
            (row + 1, at)
            for at, chars in wanted
            if self.at(row + 1, at) in chars and self.at(row + 1, at) != " "
        ]


@given(histories())
def test_every_parent_is_reached_along_the_lines(history: History) -> None:
    graph = Graph()
    lines: list[str] = []
    rows: dict[str, tuple[int, int]] = {}
    for commit, *parents in history:
        drawn = graph.draw(commit, parents)
        assert drawn.first.count("*") == 1
        rows[commit] = (len(lines), drawn.first.index("*"))
        lines += [drawn.first, *drawn.after]
    canvas = _Canvas(lines)
    for commit, *parents in history:
        reached = canvas.reached(*rows[commit])
        assert {rows[parent][0] for parent in parents} <= reached
        if not parents:
            assert not any(canvas.at(row, column) in "|" for row, column in canvas.below(*rows[commit], "|"))
