"""The journal gives back what was logged: whatever the values, cut anywhere, followed from anywhere."""

from __future__ import annotations

import math
import os
import struct
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.errors import (
    DamagedObjectError,
    InvalidInputError,
    InvalidNameError,
    RefusedError,
    UnsupportedFormatError,
)
from aidb.tracking.journal.events import Alert, Event, Params, Rewind, Values, Writer, decode_event
from aidb.tracking.journal.folder import cat, check_run_id, is_written
from aidb.tracking.journal.frames import EVENT, MAGIC, POINT, frame
from aidb.tracking.journal.reader import Item, JournalReader, Points, Position
from aidb.tracking.journal.writer import JournalWriter

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
KEYS = st.sampled_from(["loss", "train/acc", "lr", "ü", "n"])
POINT_CALLS = st.tuples(st.dictionaries(KEYS, INT64 | st.floats(), min_size=1), INT64)
EVENTS = st.one_of(
    st.builds(Params, time=st.just(1.0), values=st.dictionaries(KEYS, INT64 | st.text() | st.none())),
    st.builds(Rewind, time=st.just(2.0), step=INT64),
    st.builds(Values, time=st.just(3.0), step=INT64, values=st.dictionaries(KEYS, st.lists(st.text()))),
)
Logged = Event | tuple[dict[str, Any], int]


def write(folder: Path, calls: Iterable[Logged]) -> Path:
    writer = JournalWriter(folder, "r1", warn=pytest.fail)
    for call in calls:
        if isinstance(call, Event):
            writer.event(call)
        else:
            writer.points(*call, 1.0)
    writer.close()
    return writer.path


def logged(items: Iterable[Item], *, since: int = 0) -> list[Logged]:
    """What was logged, in its order; points between two events by where they lie in the file."""
    found: list[Logged] = []
    rows: list[tuple[int, tuple[dict[str, Any], int]]] = []
    for item in items:
        if isinstance(item, Points):
            columns = [item.column(index).tolist() for index in range(len(item.keys))]
            for row, (at, step) in enumerate(zip(item.at.tolist(), item.steps.tolist(), strict=True)):
                values = {key: column[row] for key, column in zip(item.keys, columns, strict=True)}
                rows.append((at, (values, step)))
            continue
        found += [call for _, call in sorted(rows, key=lambda row: row[0])]
        rows.clear()
        if not isinstance(item, Writer):
            found.append(item)
    return found + [call for _, call in sorted(rows, key=lambda row: row[0])]


def same(found: list[Logged], expected: list[Logged]) -> bool:
    """Equality for which NaN equals NaN and 1 is not 1.0."""
    return repr(found) == repr(expected)


@given(calls=st.lists(POINT_CALLS | EVENTS, max_size=40))
def test_what_was_logged_comes_back(tmp_path_factory: pytest.TempPathFactory, calls: list[Logged]) -> None:
    reader = JournalReader(write(tmp_path_factory.mktemp("run"), calls))
    assert same(logged(reader), calls)
    assert reader.torn is None
    assert reader.position.offset == reader._path.stat().st_size


@given(calls=st.lists(POINT_CALLS | EVENTS, min_size=1, max_size=12), data=st.data())
def test_a_torn_tail_ends_the_file_and_can_be_followed(
    tmp_path_factory: pytest.TempPathFactory, calls: list[Logged], data: st.DataObject
) -> None:
    path = write(tmp_path_factory.mktemp("run"), calls)
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    reader = JournalReader(path)
    before = logged(reader)
    assert same(before, calls[: len(before)])
    assert (reader.torn is None) == (reader.position.offset == cut > 0)
    if reader.torn is not None:
        assert reader.torn.offset == reader.position.offset
        assert reader.torn.incomplete
    path.write_bytes(whole)
    saved = msgspec.msgpack.decode(msgspec.msgpack.encode(reader.position), type=Position)
    assert same(before + logged(JournalReader(path, saved)), calls)


@given(calls=st.lists(POINT_CALLS | EVENTS, min_size=1, max_size=12), data=st.data())
def test_a_flipped_bit_is_never_given_out(
    tmp_path_factory: pytest.TempPathFactory, calls: list[Logged], data: st.DataObject
) -> None:
    path = write(tmp_path_factory.mktemp("run"), calls)
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(len(MAGIC), len(raw) - 1))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(raw)
    reader = JournalReader(path)
    found = logged(reader)
    assert same(found, calls[: len(found)])
    assert reader.torn is not None
    assert reader.torn.offset <= at


def test_runs_singles_and_pieces_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Logged] = []
    for step in range(3000):
        calls.append(({"a": float(step), "n": step}, step))
        if step % 700 < 40:
            calls.append(({"b": step}, -step))
        if step % 1000 == 999:
            calls.append(Alert(time=1.0, title="x" * 5000))
    path = write(tmp_path, calls)
    assert same(logged(JournalReader(path)), calls)
    monkeypatch.setattr("aidb.tracking.journal.reader.PIECE", 4096)
    assert same(logged(JournalReader(path)), calls)


def test_floats_of_a_mixed_key_set(tmp_path: Path) -> None:
    path = write(tmp_path, [({"a": 0.5, "n": 7}, 0), ({"a": math.nan, "n": 2**60 + 1}, 1)])
    points = next(item for item in JournalReader(path) if isinstance(item, Points))
    assert np.array_equal(points.floats(), [[0.5, 7.0], [math.nan, 2.0**60]], equal_nan=True)
    assert points.column(1).tolist() == [7, 2**60 + 1]


def test_ten_scalars_take_107_bytes(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "r1", warn=pytest.fail)
    values = {f"m{index}": float(index) for index in range(10)}
    writer.points(values, 0, 1.0)
    size = writer.path.stat().st_size
    writer.points(values, 1, 1.0)
    assert writer.path.stat().st_size - size == 107


def test_numpy_values_and_odd_numbers(tmp_path: Path) -> None:
    from fractions import Fraction

    values = {
        "f32": np.float32(0.5),
        "i64": np.int64(2**62),
        "u64": np.uint64(2**64 - 1),
        "bool": True,
        "npbool": np.bool_(True),
        "array": np.array([3]),
        "fraction": Fraction(1, 4),
        "huge": 10**400,
    }
    path = write(tmp_path, [(values, 1), (values, np.int64(2)), (values, 3.0)])  # type: ignore[list-item]
    expected = {
        "f32": 0.5,
        "i64": 2**62,
        "u64": 2.0**64,
        "bool": 1,
        "npbool": 1,
        "array": 3,
        "fraction": 0.25,
    }
    found = logged(JournalReader(path))
    assert same(found, [({**expected, "huge": math.inf}, step) for step in (1, 2, 3)])


@pytest.mark.parametrize("value", ["x", None, [1.0], {}, np.zeros(2), 1j, object()])
def test_what_is_no_number_is_refused(tmp_path: Path, value: object) -> None:
    writer = JournalWriter(tmp_path, "r1", warn=pytest.fail)
    with pytest.raises(InvalidInputError, match="loss is"):
        writer.points({"loss": value}, 0, 1.0)


@pytest.mark.parametrize("key", [1, "", "a\nb", "x" * 2000])
def test_what_is_no_key_is_refused(tmp_path: Path, key: Any) -> None:
    with pytest.raises(InvalidInputError, match="cannot be the key"):
        JournalWriter(tmp_path, "r1", warn=pytest.fail).points({key: 1.0}, 0, 1.0)


@pytest.mark.parametrize("step", [0.5, 1 << 63, math.inf, "1", None])
def test_what_is_no_step_is_refused(tmp_path: Path, step: Any) -> None:
    with pytest.raises(InvalidInputError, match="step"):
        JournalWriter(tmp_path, "r1", warn=pytest.fail).points({"a": 1.0}, step, 1.0)


def test_ids_of_key_sets_are_given_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aidb.tracking.journal.writer.MOST_SETS", 3)
    calls: list[Logged] = [({f"k{step % 7}": step}, step) for step in range(50)]
    path = write(tmp_path, calls)
    assert same(logged(JournalReader(path)), calls)


def test_unknown_kinds_and_events_are_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path, [({"a": 1.0}, 0)])
    future = msgspec.msgpack.encode({"type": "hologram", "time": 1.0, "depth": [1, 2]})
    known = msgspec.msgpack.encode({"type": "alert", "time": 1.0, "title": "t", "colour": "red"})
    with path.open("ab") as file:
        file.write(frame(99, b"whatever") + frame(EVENT, future) + frame(EVENT, known))
    reader = JournalReader(path)
    assert same(logged(reader), [({"a": 1.0}, 0), Alert(time=1.0, title="t")])
    assert reader.torn is None


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (EVENT, b""),
        (EVENT, b"\xc1"),
        (EVENT, b"\x91" * 5000),
        (EVENT, msgspec.msgpack.encode({"type": "alert", "time": "soon"})),
        (EVENT, msgspec.msgpack.encode({"type": 5})),
        (2, msgspec.msgpack.encode({"id": 70000, "keys": ["a"], "types": "d"})),
        (2, msgspec.msgpack.encode({"id": 1, "keys": ["a"], "types": "dd"})),
        (2, msgspec.msgpack.encode({"id": 1, "keys": ["a"], "types": "x"})),
        (POINT, struct.pack("<Hqd", 5, 0, 1.0)),
        (POINT, struct.pack("<Hqd", 0, 0, 1.0)),
        (POINT, b""),
    ],
)
def test_a_hostile_frame_ends_the_file(tmp_path: Path, kind: int, payload: bytes) -> None:
    path = write(tmp_path, [({"a": 1.0}, 0)])
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(frame(kind, payload) + frame(EVENT, msgspec.msgpack.encode({"type": "alert"})))
    reader = JournalReader(path)
    assert same(logged(reader), [({"a": 1.0}, 0)])
    assert reader.torn is not None
    assert reader.torn.offset == size


def test_what_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    path.write_bytes(b"something else")
    with pytest.raises(DamagedObjectError):
        list(JournalReader(path))
    path.write_bytes(b"aidbrun\x02....")
    with pytest.raises(UnsupportedFormatError, match="newer"):
        list(JournalReader(path))


def test_events_are_encoded_compactly() -> None:
    event = Alert(time=1.0, title="t")
    assert decode_event(msgspec.msgpack.encode(event)) == event
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(event)) == {
        "type": "alert",
        "time": 1.0,
        "title": "t",
    }


def test_after_the_end_nothing_is_logged(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "r1", warn=pytest.fail)
    writer.close()
    writer.close()
    with pytest.raises(RefusedError, match="finished"):
        writer.points({"a": 1.0}, 0, time.time())


def test_a_forked_child_writes_a_file_of_its_own(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "r1", warn=pytest.fail)
    writer.points({"a": 1.0}, 0, 1.0)
    child = os.fork()
    if not child:
        try:
            writer.points({"a": 2.0}, 1, 1.0)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    writer.points({"a": 3.0}, 2, 1.0)
    writer.close()
    files = {tuple(repr(call) for call in logged(JournalReader(path))) for path in tmp_path.iterdir()}
    assert files == {("({'a': 1.0}, 0)", "({'a': 3.0}, 2)"), ("({'a': 2.0}, 1)",)}


def test_cat_is_json_in_the_order_of_time(tmp_path: Path) -> None:
    first = JournalWriter(tmp_path, "r1", warn=pytest.fail)
    second = JournalWriter(tmp_path, "r1", rank=1, warn=pytest.fail)
    later = time.time() + 10
    first.points({"a": 1.0, "n": 2}, 0, later + 1)
    second.points({"a": math.nan}, 0, later + 2)
    first.event(Params(time=later + 3, values={"lr": math.inf, "layers": [1, -math.inf]}))
    with second.path.open("ab") as file:
        file.write(b"torn")
    found = [msgspec.json.decode(msgspec.json.encode(line)) for line in cat(tmp_path)]
    assert [line["type"] for line in found] == ["writer", "writer", "points", "points", "torn", "params"]
    assert found[2]["values"] == {"a": 1.0, "n": 2}
    assert found[3]["values"] == {"a": "NaN"}
    assert found[3]["writer"] == second.name
    assert "middle of a frame" in found[4]["reason"]
    assert found[5]["values"] == {"lr": "Infinity", "layers": [1, "-Infinity"]}


def test_cat_tells_of_what_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "x.journal").write_bytes(b"something else")
    assert [line["reason"] for line in cat(tmp_path)] == ["x.journal is not a run's journal"]


def test_a_journal_is_written_while_it_is_open(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "r1", warn=pytest.fail)
    assert is_written(writer.path)
    writer.close()
    assert not is_written(writer.path)
    assert not is_written(tmp_path / "none.journal")


@pytest.mark.parametrize("run", ["", "..", "a/b", ".x", "x.lock", "a..b", "-a", "x" * 81, "a\n"])
def test_what_is_no_run_id(run: str) -> None:
    with pytest.raises(InvalidNameError):
        check_run_id(run)
