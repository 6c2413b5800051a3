"""Lines of the operation log, and what is put together from them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.versioning.operations import stacks
from aidb.versioning.operations.record import (
    Files,
    Line,
    Merging,
    Move,
    Operation,
    Rename,
    StateChange,
    View,
    assemble,
    decode_line,
    encode_line,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROOTS = st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
COMMIT = st.binary(min_size=20, max_size=20).map(bytes.hex)
VALUES = st.none() | COMMIT | st.sampled_from(["ref: refs/heads/main", "ref: refs/heads/été/1"])
MERGES = st.none() | st.builds(Merging, TEXT, st.lists(COMMIT, max_size=2).map(tuple), ROOTS, TEXT, TEXT)
VIEWS = st.builds(View, st.none() | COMMIT, ROOTS, ROOTS, MERGES)
LINES = st.builds(
    Line,
    id=st.sampled_from(["a", "b"]),
    time=st.none() | st.datetimes(timezones=st.just(UTC)),
    who=TEXT,
    verb=TEXT,
    about=TEXT,
    local=st.booleans(),
    undoes=st.none() | TEXT,
    redoes=st.none() | TEXT,
    move=st.none() | st.builds(Move, TEXT, VALUES, VALUES),
    renames=st.lists(st.builds(Rename, st.binary(), st.binary()), max_size=2).map(tuple),
    files=st.none() | st.builds(Files, ROOTS, ROOTS, st.integers(0, 9), st.lists(TEXT).map(tuple)),
    state=st.none() | st.builds(StateChange, VIEWS, VIEWS, st.binary(), st.binary()),
    done=st.booleans(),
)


@given(LINES)
def test_a_line_survives_the_round_trip(line: Line) -> None:
    data = encode_line(line)
    assert data.count(b"\n") == 1
    assert decode_line(data[:-1]) == line


@given(LINES, st.data())
def test_a_damaged_line_is_no_line(line: Line, data: st.DataObject) -> None:
    raw = encode_line(line)[:-1]
    cut = data.draw(st.integers(0, len(raw) - 1))
    assert decode_line(raw[:cut]) is None
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    flipped = bytearray(raw)
    flipped[bit // 8] ^= 1 << bit % 8
    if bit // 8 != 16:  # the space between checksum and body is neither
        assert decode_line(bytes(flipped)) is None


@pytest.mark.parametrize(
    "line",
    [
        Line("a", datetime(2026, 1, 1)),  # noqa: DTZ001 -- what time that was, nobody can tell
        Line("a", move=Move("HEAD", "z" * 40, None)),
        Line("a", move=Move("HEAD", None, "a" * 40 + "\n")),
        Line("a", move=Move("HEAD", None, "ref: refs/tags/v1")),
        Line("a", files=Files("0" * 64 + "\n", None)),
        Line("a", state=StateChange(View("../../etc"), View())),
        Line("a", state=StateChange(View(), View(merge=Merging("merge", ("1",), None, "", "")))),
    ],
)
def test_a_forged_line_is_no_line(line: Line) -> None:
    """Its checksum is right, for anybody can make one."""
    assert decode_line(encode_line(line)[:-1]) is None


def test_lines_add_up() -> None:
    lines = [
        Line("b", move=Move("refs/heads/x", None, "1")),  # its beginning was cut off
        Line("a", NOW, verb="merge", about="clean", local=True, move=Move("HEAD", "1", "2")),
        Line("a", state=StateChange(View(staged=None), View(base="2"))),
        Line("a", move=Move("refs/heads/x", "1", None)),
        Line("a", move=Move("HEAD", "2", "3")),
        Line("a", done=True),
    ]
    (one,) = assemble(lines)
    assert one.title == "merge clean"
    assert one.net_moves() == [Move("refs/heads/x", "1", None), Move("HEAD", "1", "3")]
    assert one.state() == (View(), View(base="2"))
    assert one.done


def operation(
    name: str, *, undoes: str | None = None, redoes: str | None = None, local: bool = True
) -> Operation:
    (made,) = assemble([Line(name, NOW, local=local, undoes=undoes, redoes=redoes, done=True)])
    return made


@given(st.lists(st.sampled_from(["do", "undo", "redo", "elsewhere"]), max_size=30))
def test_undo_and_redo_are_stacks(moves: list[str]) -> None:
    """Against two plain lists."""
    done: list[str] = []
    undone: list[str] = []
    operations: list[Operation] = []
    for number, move in enumerate(moves):
        name = str(number)
        if move == "do":
            operations.append(operation(name))
            done.append(name)
            undone.clear()
        elif move == "undo" and done:
            operations.append(operation(name, undoes=done[-1]))
            undone.append(done.pop())
        elif move == "redo" and undone:
            operations.append(operation(name, redoes=undone.pop()))
            done.append(name)
        elif move == "elsewhere":
            operations.append(operation(name, local=False))
    found = stacks(operations)
    assert [one.id for one in found.standing] == done
    assert [one.undoes for one in found.undoings] == undone
    assert not found.undone & set(done)
