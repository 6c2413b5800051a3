"""Whatever is logged, split, killed and folded, in whatever order: the catalog says what a plain model says."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aidb.metadata.catalog.catalog import Catalog
from aidb.tracking.journal.events import Params, Rewind, Start
from aidb.tracking.journal.writer import JournalWriter

LOG = st.tuples(
    st.just("log"),
    st.integers(0, 1),
    st.integers(0, 5),
    st.dictionaries(st.sampled_from("abc"), st.floats(-4, 4) | st.just(math.nan), min_size=1),
)
CALLS = st.one_of(
    LOG,
    LOG,
    LOG,
    st.tuples(st.just("rewind"), st.integers(0, 1), st.integers(0, 5)),
    st.tuples(st.just("param"), st.integers(0, 1), st.integers(0, 9)),
    st.tuples(st.just("split"), st.integers(0, 1)),
    st.tuples(st.just("tear"), st.integers(0, 1)),
    st.tuples(st.just("look")),
    st.tuples(st.just("fold")),
    st.tuples(st.just("reopen")),
)


class Model:
    """Two runs as plain lists and dicts."""

    def __init__(self) -> None:
        self.points: list[list[tuple[str, int, float]]] = [[], []]
        self.params: list[dict[str, int]] = [{}, {}]

    def rewind(self, run: int, step: int) -> None:
        self.points[run] = [point for point in self.points[run] if point[1] <= step]

    def rows(self) -> list[tuple[str, str, int, str]]:
        found = []
        for run, points in enumerate(self.points):
            ordered = sorted(enumerate(points), key=lambda one: (one[1][0], one[1][1], one[0]))
            found += [(str(run), key, step, repr(value)) for _, (key, step, value) in ordered]
        return found


class Machine:
    def __init__(self, folder: Path) -> None:
        for name in ("locks", "tmp", "runs/0", "runs/1"):
            (folder / name).mkdir(parents=True)
        self.folder, self.now, self.model = folder, 0.0, Model()
        self.writers = [self.writer(run) for run in range(2)]
        self.catalog = self.open()

    def open(self) -> Catalog:
        return Catalog(self.folder, lambda: self.folder / "tmp")

    def tick(self) -> float:
        self.now += 1
        return self.now

    def writer(self, run: int) -> JournalWriter:
        made = JournalWriter(self.folder / "runs" / str(run), str(run), warn=pytest.fail)
        made.event(Start(time=self.tick(), experiment="e", name="n"))
        return made

    def do(self, what: str, *how: Any) -> None:
        getattr(self, f"do_{what}")(*how)

    def do_log(self, run: int, step: int, values: dict[str, float]) -> None:
        self.writers[run].points(values, step, self.tick())
        self.model.points[run] += [(key, step, value) for key, value in values.items()]

    def do_rewind(self, run: int, step: int) -> None:
        self.writers[run].event(Rewind(time=self.tick(), step=step))
        self.model.rewind(run, step)

    def do_param(self, run: int, value: int) -> None:
        self.writers[run].event(Params(time=self.tick(), values={"p": value}))
        self.model.params[run]["p"] = value

    def do_split(self, run: int) -> None:
        self.writers[run].close()
        self.writers[run] = self.writer(run)

    def do_tear(self, run: int) -> None:
        """Killed in the middle of a write: what was cut short had not returned."""
        self.writers[run].close()
        with self.writers[run].path.open("ab") as file:
            file.write(b"\x01\x02\x03\x04\x20\x00")
        self.writers[run] = self.writer(run)

    def do_fold(self) -> None:
        self.catalog.fold()

    def do_reopen(self) -> None:
        self.catalog.close()
        self.catalog = self.open()

    def do_look(self) -> None:
        points = self.ask(
            'SELECT r.id, k.name, step, "value" FROM cat.points JOIN cat.runs r USING (run) '
            'JOIN cat.keys k USING ("key") ORDER BY r.id, k.name, step, "time"'
        )
        assert [(run, key, step, repr(value)) for run, key, step, value in points] == self.model.rows()
        params = self.ask("SELECT r.id, number FROM cat.params JOIN cat.runs r USING (run) ORDER BY 1")
        assert params == [(str(run), found["p"]) for run, found in enumerate(self.model.params) if found]
        self.check_summaries()

    def check_summaries(self) -> None:
        columns = '"last", "first", "min", "max", "count", nans, last_step'
        found = self.ask(
            f'SELECT r.id, "key", {columns} FROM cat.summaries JOIN cat.runs r USING (run) ORDER BY 1, 2'
        )
        expected = []
        for run, points in enumerate(self.model.points):
            for key in sorted({key for key, _, _ in points}):
                ordered = sorted(((step, at, v) for at, (k, step, v) in enumerate(points) if k == key))
                known = [value for _, _, value in ordered if not math.isnan(value)]
                row = (ordered[-1][2], ordered[0][2], min(known, default=None), max(known, default=None))
                counts = (len(ordered), len(ordered) - len(known), ordered[-1][0])
                expected.append((str(run), key, *row, *counts))
        assert [tuple(map(_plain, row)) for row in found] == [tuple(map(_plain, row)) for row in expected]

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self.catalog.reading() as connection:
            rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
            return rows


def _plain(value: Any) -> str:
    return repr(value + 0.0 if isinstance(value, float) else value)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(CALLS, min_size=3, max_size=14))
def test_the_catalog_says_what_was_logged(calls: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder))
        for call in calls:
            machine.do(*call)
        machine.do_look()
        machine.do_fold()
        machine.do_look()
        machine.do_reopen()
        machine.do_look()
        machine.catalog.close()
        for writer in machine.writers:
            writer.close()
