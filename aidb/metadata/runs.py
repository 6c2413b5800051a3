"""All runs of a repository: the questions one asks of them.

    repo.runs.table('metrics.val_loss.min < 0.2 and tags has "best"', sort="metrics.val_loss.min")
    repo.runs.table(group_by="params.lr", columns=["metrics.val_loss.min"])
    repo.runs.series("val_loss", filter='experiment = "digits"', smoothing=0.6)
    repo.runs["digits-3"].params

Every question sees what was logged up to this moment, by whatever process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aidb.errors import InvalidInputError, NotFoundError
from aidb.metadata import changing
from aidb.metadata.catalog.catalog import Catalog
from aidb.metadata.filters import Field, write_field
from aidb.metadata.grouping import group
from aidb.metadata.results import Table
from aidb.metadata.selection import TAGS, Selection
from aidb.tracking.journal.events import Event, Name, Notes, Tags

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from aidb.metadata.comparing import Comparison
    from aidb.metadata.curves import Curve
    from aidb.metadata.lineage import Graph
    from aidb.metadata.reproducing import Recipe
    from aidb.metadata.run import RunRecord

FIELDS = ("id", "name", "experiment", "status", "started", "duration")
SYSTEM = "system/"
"""Metrics of the machine; they are shown only where they are asked for."""


class Problem(NamedTuple):
    """A journal that could not be read, or not whole."""

    run: str
    journal: str
    problem: str


class Runs:
    """The runs of one repository."""

    def __init__(self, folder: Path, scratch: Callable[[], Path]) -> None:
        """`folder` is `.aidb`; `scratch` gives a folder for temporary files."""
        self.catalog = Catalog(folder, scratch)
        self.folder = folder / "runs"

    def table(
        self,
        filter: str = "",  # noqa: A002 - what it is
        *,
        sort: str | Sequence[str] = (),
        columns: Sequence[str] | None = None,
        group_by: str | Sequence[str] = (),
        limit: int | None = None,
    ) -> Table:
        """A row for each run that fulfils the filter, the newest first unless `sort` says otherwise.

        Columns are written as in filters; without any there are the fields of a run, its tags, all params and the last
        value of each metric that is not the machine's. `group_by` makes a row of runs that agree in these columns.
        Raises FilterError for what cannot be read and for a metric or param that no run has.
        """
        by = [group_by] if isinstance(group_by, str) else list(group_by)
        with self.catalog.reading() as connection:
            chosen = list(columns) if columns is not None else self._columns(connection)
            selection = Selection(connection)
            selection.keep(filter)
            wanted = list(dict.fromkeys([*by, *chosen]))
            order = [sort] if isinstance(sort, str) else list(sort)
            if not by:
                return Table(selection.rows(wanted, sort=order, limit=limit))
            found = group(selection.rows(wanted, sort=order), by)
        return Table({column: values[:limit] for column, values in found.items()})

    def ids(self, filter: str = "", *, sort: str | Sequence[str] = (), limit: int | None = None) -> list[str]:  # noqa: A002
        """The ids of the runs that fulfil a filter."""
        return list(self.table(filter, sort=sort, columns=["id"], limit=limit).column("id"))

    def params(self) -> list[str]:
        """The names of all params that any run has."""
        return self._keys("params")

    def metrics(self) -> list[str]:
        """The names of all metrics that any run has."""
        return self._keys("summaries")

    def problems(self) -> list[Problem]:
        """What could not be read."""
        sql = "SELECT id, writer, problem FROM cat.problems JOIN cat.runs USING (run) ORDER BY ALL"
        return [Problem(*row) for row in self._ask(sql)]

    def resolve(self, word: str) -> str:
        """The id of a run that is named by its id, by the beginning of that, or by its name if only one run has it.

        Raises NotFoundError, and InvalidInputError if several are meant.
        """
        rows = self._ask(
            "SELECT id, name FROM cat.runs WHERE name = $word OR starts_with(id, $word) ORDER BY started DESC",
            {"word": word},
        )
        for same in ([one for one, _ in rows if one == word], [one for one, name in rows if name == word]):
            if len(same) == 1:
                return str(same[0])
        if not rows:
            raise NotFoundError(f"there is no run {word!r}", hints=("`aidb runs` lists them.",))
        if len(rows) > 1:
            names = ", ".join(one for one, _ in rows[:5])
            raise InvalidInputError(
                f"{word!r} may be any of {len(rows)} runs", hints=(f"Name one by its id: {names}",)
            )
        return str(rows[0][0])

    def __getitem__(self, word: str) -> RunRecord:
        """One run, whole: by id, the beginning of its id, or name."""
        from aidb.metadata.run import read_record

        run = self.resolve(word)
        with self.catalog.reading() as connection:
            return read_record(connection, run)

    def __contains__(self, word: object) -> bool:
        """Whether a run has this id or this name."""
        sql = "SELECT count(*) FROM cat.runs WHERE id = $word OR name = $word"
        return bool(self._ask(sql, {"word": word})[0][0])

    def __len__(self) -> int:
        return int(self._ask("SELECT count(*) FROM cat.runs")[0][0])

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids())

    def series(
        self,
        *keys: str,
        filter: str = "",  # noqa: A002 - what it is
        runs: Sequence[str] | None = None,
        x: str = "step",
        points: int = 1000,
        smoothing: float = 0.0,
        between: tuple[float | None, float | None] = (None, None),
    ) -> list[Curve]:
        """The curves of metrics, one for each run and key that has points, with at most `points` points each.

        `x` is `step`, `time` (seconds since the run began) or a metric, such as `epoch`. `between` is a range of steps.
        `smoothing` from 0 to below 1 adds an exponential moving average. Raises InvalidInputError for what cannot be.
        """
        from aidb.metadata.series import read_series

        if points < 4 or not 0 <= smoothing < 1:
            raise InvalidInputError("a curve has at least 4 points, and its smoothing is from 0 to below 1")
        chosen = self.ids(filter) if runs is None else [self.resolve(run) for run in runs]
        with self.catalog.reading() as connection:
            sources = self.catalog.segments()
            return read_series(
                connection, sources, chosen, keys, x=x, most=points, smoothing=smoothing, between=between
            )

    # Differences and origins

    def compare(self, words: Sequence[str]) -> Comparison:
        """Runs side by side: what differs in params, data, code and surroundings, and their results."""
        from aidb.metadata.comparing import compare

        return compare([self[word] for word in words])

    def recipe(self, word: str) -> Recipe:
        """What is to be done to do a run again. Raises NotFoundError if it did not record its command."""
        from aidb.metadata.reproducing import recipe

        return recipe(self.folder, self[word])

    def lineage(self) -> Graph:
        """Which run read and wrote which data, ready to be followed."""
        from aidb.metadata.lineage import Graph, Link, Version

        sql = """
            SELECT r.id, d.direction, d."commit", d.path, d.revision, d.step
            FROM cat.data d JOIN cat.runs r USING (run) ORDER BY ALL
        """
        rows = self._ask(sql)
        return Graph(
            Link(run, way, Version(commit, path), asked, step) for run, way, commit, path, asked, step in rows
        )

    # What is said of a run

    def tag(self, word: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Give a run tags, or take them from it. Raises InvalidInputError for a tag without a letter."""
        if not all(tag.strip() for tag in add):
            raise InvalidInputError("a tag must not be empty")
        self._say(word, Tags(time=time.time(), add=tuple(add), remove=tuple(remove)))

    def note(self, word: str, text: str) -> None:
        """Replace the notes of a run."""
        self._say(word, Notes(time=time.time(), text=text))

    def rename(self, word: str, name: str) -> None:
        """Give a run another name; its id stays."""
        self._say(word, Name(time=time.time(), name=name))

    def remove(self, word: str, *, force: bool = False) -> str:
        """Put a run into the trash; return its id. Raises RefusedError while a process logs to it, unless `force`."""
        run = self.resolve(word)
        changing.discard(self.folder, run, force=force)
        return run

    def restore(self, run: str) -> None:
        """Bring a run back from the trash, by its id. Raises NotFoundError."""
        changing.restore(self.folder, run)

    def trashed(self) -> list[str]:
        """The ids of the runs in the trash."""
        return changing.trashed(self.folder)

    def empty_trash(self) -> list[str]:
        """Delete for good what is in the trash; return the ids."""
        return changing.empty_trash(self.folder)

    def _say(self, word: str, event: Event) -> None:
        changing.append(self.folder, self.resolve(word), event)

    def close(self) -> None:
        """Let go of the catalog's files."""
        self.catalog.close()

    def _columns(self, connection: DuckDBPyConnection) -> list[str]:
        params = connection.execute('SELECT DISTINCT "key" FROM cat.params ORDER BY 1').fetchall()
        sql = 'SELECT DISTINCT "key" FROM cat.summaries WHERE NOT starts_with("key", ?) ORDER BY 1'
        metrics = connection.execute(sql, [SYSTEM]).fetchall()
        fields = [Field("params", key) for (key,) in params] + [
            Field("metrics", key, "last") for (key,) in metrics
        ]
        return [*FIELDS, TAGS, *map(write_field, fields)]

    def _keys(self, table: str) -> list[str]:
        return [key for (key,) in self._ask(f'SELECT DISTINCT "key" FROM cat.{table} ORDER BY 1')]

    def _ask(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        with self.catalog.reading() as connection:
            found: list[tuple[Any, ...]] = connection.execute(sql, parameters or {}).fetchall()
            return found
