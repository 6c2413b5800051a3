from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aidb.metadata.catalog import published
from aidb.metadata.catalog.catalog import Catalog
from aidb.tracking.journal.events import Finish, Notes, Params, Rewind, Start, Tags
from aidb.tracking.journal.writer import JournalWriter


class Place:
    """A folder like `.aidb`, and a clock that ticks with every call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("runs", "locks", "tmp"):
            (folder / name).mkdir()
        self.now = 1_000.0

    def catalog(self) -> Catalog:
        return Catalog(self.folder, lambda: self.folder / "tmp")

    def writer(self, run: str, **start: Any) -> JournalWriter:
        folder = self.folder / "runs" / run
        folder.mkdir(exist_ok=True)
        made = JournalWriter(folder, run, warn=pytest.fail)
        made.event(Start(time=self.tick(), experiment="e", name=run, **start))
        return made

    def log(self, writer: JournalWriter, step: int, **values: float) -> None:
        writer.points(values, step, self.tick())

    def finish(self, writer: JournalWriter, status: str = "finished") -> None:
        writer.event(Finish(time=self.tick(), status=status))
        writer.close()

    def tick(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def ask(catalog: Catalog, sql: str) -> list[tuple[Any, ...]]:
    with catalog.reading() as connection:
        found: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return found


def points(catalog: Catalog) -> list[tuple[Any, ...]]:
    return ask(
        catalog,
        'SELECT r.id, k.name, step, "value" FROM cat.points JOIN cat.runs r USING (run) JOIN cat.keys k USING ("key") '
        'ORDER BY r.id, k.name, step, "time"',
    )


RUNS = "SELECT id, status, points FROM cat.runs ORDER BY id"


def test_nothing_was_logged(place: Place) -> None:
    assert ask(place.catalog(), "FROM cat.runs") == []


def test_a_live_run_is_followed(place: Place) -> None:
    writer, catalog = place.writer("a"), place.catalog()
    place.log(writer, 1, loss=3.0)
    assert ask(catalog, RUNS) == [("a", "running", 1)]
    place.log(writer, 2, loss=math.nan)
    writer.event(Params(time=place.tick(), values={"lr": 0.1, "net": "big", "deep": True}))
    assert ask(catalog, RUNS) == [("a", "running", 2)]
    assert [row[2] for row in points(catalog)] == [1, 2]
    assert ask(catalog, 'SELECT "last", "min", "max", nans FROM cat.summaries') == [
        (pytest.approx(math.nan, nan_ok=True), 3.0, 3.0, 1)
    ]
    assert ask(catalog, 'SELECT "key", number, text, truth FROM cat.params ORDER BY 1') == [
        ("deep", None, None, True), ("lr", 0.1, None, None), ("net", None, "big", None),
    ]  # fmt: skip
    place.finish(writer)
    assert ask(catalog, RUNS) == [("a", "finished", 2)]


def test_what_is_folded_is_there_for_the_next_who_asks(place: Place) -> None:
    writer, catalog = place.writer("a"), place.catalog()
    place.log(writer, 1, loss=3.0)
    catalog.fold()
    place.log(writer, 2, loss=2.0)
    for one in (catalog, place.catalog()):
        assert points(one) == [("a", "loss", 1, 3.0), ("a", "loss", 2, 2.0)]
    catalog.fold()
    place.finish(writer)
    assert points(catalog) == [("a", "loss", 1, 3.0), ("a", "loss", 2, 2.0)]
    assert ask(place.catalog(), RUNS) == [("a", "finished", 2)]


def test_a_run_without_a_process_has_crashed(place: Place) -> None:
    writer = place.writer("a")
    catalog = place.catalog()
    assert ask(catalog, RUNS) == [("a", "running", 0)]
    catalog.fold()
    writer.close()
    assert ask(catalog, RUNS) == [("a", "crashed", 0)]
    assert ask(place.catalog(), RUNS) == [("a", "crashed", 0)]


@pytest.mark.parametrize("folded", [False, True])
def test_a_rewound_run_shows_what_survives(place: Place, folded: bool) -> None:
    writer, catalog = place.writer("a"), place.catalog()
    for step in range(5):
        place.log(writer, step, loss=float(step))
    if folded:
        catalog.fold()
    assert len(points(catalog)) == 5
    writer.event(Rewind(time=place.tick(), step=1))
    place.log(writer, 2, loss=20.0)
    expected = [("a", "loss", 0, 0.0), ("a", "loss", 1, 1.0), ("a", "loss", 2, 20.0)]
    assert points(catalog) == points(place.catalog()) == expected
    assert ask(catalog, 'SELECT "last", "count" FROM cat.summaries') == [(20.0, 3)]
    catalog.fold()
    assert points(place.catalog()) == expected


def test_a_forked_run_begins_with_the_points_of_the_other(place: Place) -> None:
    parent = place.writer("a")
    for step in range(4):
        place.log(parent, step, loss=float(step))
    child = place.writer("b", forked_from="a", forked_step=1)
    place.log(child, 2, loss=20.0)
    place.log(parent, 1, loss=11.0)  # after the fork: not the child's
    grandchild = place.writer("c", forked_from="b", forked_step=2)
    place.log(grandchild, 3, loss=300.0)
    found = points(place.catalog())
    assert [row[2:] for row in found if row[0] == "b"] == [(0, 0.0), (1, 1.0), (2, 20.0)]
    assert [row[2:] for row in found if row[0] == "c"] == [(0, 0.0), (1, 1.0), (2, 20.0), (3, 300.0)]


def test_a_fork_of_a_run_that_is_not_here_is_reported(place: Place) -> None:
    place.log(place.writer("b", forked_from="../x", forked_step=1), 2, loss=20.0)
    catalog = place.catalog()
    assert len(points(catalog)) == 1
    assert "cannot be the id" in ask(catalog, "SELECT problem FROM cat.problems")[0][0]


def test_several_writers_make_one_run(place: Place) -> None:
    one, other = place.writer("a"), place.writer("a")
    place.log(one, 1, loss=1.0)
    place.log(other, 1, loss=2.0)
    place.log(other, 0, loss=0.0)
    assert [row[2:] for row in points(place.catalog())] == [(0, 0.0), (1, 1.0), (1, 2.0)]


def test_tags_and_notes_of_a_finished_run_come_in_a_file_of_their_own(place: Place) -> None:
    place.finish(place.writer("a"))
    catalog = place.catalog()
    catalog.fold()
    late = JournalWriter(place.folder / "runs" / "a", "a", warn=pytest.fail)
    late.event(Tags(time=place.tick(), add=("best", "old")))
    late.event(Tags(time=place.tick(), remove=("old",)))
    late.event(Notes(time=place.tick(), text="good"))
    late.close()
    assert ask(catalog, "SELECT tags, notes, status FROM cat.runs") == [(["best"], "good", "finished")]


def damage(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-3] ^= 1
    file.write_bytes(data)


def test_an_unreadable_journal_is_reported_and_hides_no_other(place: Place) -> None:
    for run in ("a", "b", "c"):
        writer = place.writer(run)
        place.log(writer, 1, loss=1.0)
        place.finish(writer)
    damage(next((place.folder / "runs" / "b").glob("*.journal")))
    next((place.folder / "runs" / "c").glob("*.journal")).write_bytes(b"not a journal at all")
    catalog = place.catalog()
    assert [row[0] for row in points(catalog)] == ["a", "b"]
    problems = ask(catalog, "SELECT r.id, problem FROM cat.problems JOIN cat.runs r USING (run) ORDER BY 1")
    assert [run for run, _ in problems] == ["b", "c"]


def test_a_deleted_run_is_gone_and_one_that_comes_back_is_read_anew(place: Place) -> None:
    for run in ("a", "b"):
        writer = place.writer(run)
        place.log(writer, 1, loss=1.0)
        place.finish(writer)
    catalog = place.catalog()
    catalog.fold()
    os.rename(place.folder / "runs" / "a", place.folder / "a")
    assert [row[0] for row in points(catalog)] == ["b"]
    catalog.fold()
    os.rename(place.folder / "a", place.folder / "runs" / "a")
    assert [row[0] for row in points(catalog)] == [row[0] for row in points(place.catalog())] == ["a", "b"]


def _delete(folder: Path) -> None:
    shutil.rmtree(folder)


def _age(folder: Path) -> None:
    (folder / "current").write_text('{"schema": 0, "database": "0123456789abcdef.duckdb"}')


def _tear(folder: Path) -> None:
    (folder / (published.current(folder) or "")).write_bytes(b"torn")


def _lose_segments(folder: Path) -> None:
    for file in folder.glob("*.duckdb"):
        if file.name != published.current(folder):
            file.unlink()


@pytest.mark.parametrize("harm", [_delete, _age, _tear, _lose_segments])
def test_a_catalog_that_cannot_be_used_is_made_anew(place: Place, harm: Callable[[Path], None]) -> None:
    writer = place.writer("a")
    place.log(writer, 1, loss=1.0)
    place.finish(writer)
    place.catalog().fold()
    harm(place.folder / "catalog")
    catalog = place.catalog()
    assert len(points(catalog)) == 1
    catalog.fold()
    assert published.current(place.folder / "catalog") is not None
    assert len(points(place.catalog())) == 1


def test_a_folder_that_cannot_be_written_to_is_still_read(place: Place) -> None:
    place.log(place.writer("a"), 1, loss=1.0)
    (place.folder / "catalog").write_text("no folder")
    catalog = place.catalog()
    catalog.fold()
    assert len(points(catalog)) == 1


def test_a_journal_that_was_replaced_by_a_shorter_one_is_read_anew(place: Place) -> None:
    writer, catalog = place.writer("a"), place.catalog()
    file = next((place.folder / "runs" / "a").glob("*.journal"))
    begin = file.read_bytes()
    place.log(writer, 1, loss=1.0)
    assert len(points(catalog)) == 1
    writer.close()
    file.write_bytes(begin)
    assert points(catalog) == []
