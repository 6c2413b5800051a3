"""SQL that people write, over tables that are documented in docs/catalog.md.

What is handed in can only read: the database it runs in reaches no file, no network and no setting, statements other
than questions are refused, and memory and time are bounded.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from aidb.errors import QueryError
from aidb.metadata import duck
from aidb.metadata.results import Table, library
from aidb.metadata.versions import fill_commits, fill_files

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from aidb.repository import Repository

Result = TypeVar("Result")

_FILES = re.compile(r"\bfiles\s*\(\s*'((?:[^']|'')*)'\s*\)", re.IGNORECASE)
_COMMITS = re.compile(r"\bcommits\b", re.IGNORECASE)

_VIEWS = """
    CREATE SCHEMA IF NOT EXISTS documented;
    CREATE OR REPLACE VIEW documented.runs AS
        SELECT id, name, experiment, status, make_timestamp((started * 1e6)::BIGINT) AS started,
            make_timestamp((ended * 1e6)::BIGINT) AS ended, duration, "user", host, "commit", notes, parent, command,
            error, tags, steps, points
        FROM cat.runs;
    CREATE OR REPLACE VIEW documented.params AS
        SELECT r.id AS run, p."key", p.number, p.text, p.truth, p.json FROM cat.params p JOIN cat.runs r USING (run);
    CREATE OR REPLACE VIEW documented.metrics AS
        SELECT r.id AS run, s.* EXCLUDE (run) FROM cat.summaries s JOIN cat.runs r USING (run);
    CREATE OR REPLACE VIEW documented.points AS
        SELECT r.id AS run, k.name AS "key", p.step, make_timestamp((p."time" * 1e6)::BIGINT) AS "time", p."value"
        FROM cat.points p JOIN cat.runs r USING (run) JOIN cat.keys k USING ("key");
    CREATE OR REPLACE VIEW documented.tags AS SELECT id AS run, unnest(tags) AS tag FROM cat.runs;
    CREATE OR REPLACE VIEW documented.artifacts AS
        SELECT r.id AS run, a.* EXCLUDE (run) FROM cat.artifacts a JOIN cat.runs r USING (run);
    CREATE OR REPLACE VIEW documented.data AS
        SELECT r.id AS run, d.* EXCLUDE (run) FROM cat.data d JOIN cat.runs r USING (run);
    CREATE TABLE IF NOT EXISTS documented.commits (
        id VARCHAR, parents VARCHAR[], message VARCHAR, author VARCHAR, email VARCHAR, "time" TIMESTAMP,
        code VARCHAR, files BIGINT, bytes BIGINT
    );
    CREATE TABLE IF NOT EXISTS documented.all_files (
        revision VARCHAR, path VARCHAR, kind VARCHAR, size BIGINT, blob VARCHAR
    );
    CREATE OR REPLACE MACRO documented.files(wanted) AS TABLE
        SELECT path, kind, size, blob FROM documented.all_files WHERE revision = wanted;
"""


class Answer:
    """A question in SQL. It is asked when the result is, each time anew."""

    def __init__(self, repository: Repository, query: str, seconds: float) -> None:
        """`seconds` is how long an answer may take."""
        self._repository = repository
        self._query = query
        self._seconds = seconds

    def table(self) -> Table:
        """The whole result, in memory."""
        return self._ask(lambda connection: _table(connection, self._query))

    def rows(self) -> list[tuple[Any, ...]]:
        """The rows as tuples."""
        return self.table().rows()

    def pandas(self) -> pd.DataFrame:
        """As a pandas DataFrame, column by column."""
        frame: pd.DataFrame = self._ask(lambda connection: connection.sql(self._query).df())
        return frame

    def polars(self) -> pl.DataFrame:
        """As a Polars DataFrame, column by column."""
        frame: pl.DataFrame = library("polars").from_arrow(self.arrow())
        return frame

    def arrow(self) -> pa.Table:
        """As an Arrow table, column by column."""
        return self._ask(lambda connection: connection.sql(self._query).to_arrow_table())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def _ask(self, fetch: Callable[[DuckDBPyConnection], Result]) -> Result:
        with self._repository.runs.catalog.reading() as connection, duck.query_errors():
            _check(connection, self._query)
            connection.execute(_VIEWS)
            self._fill(connection)
            connection.execute("SET search_path = 'documented'")
            with _stopped_after(connection, self._seconds):
                try:
                    return fetch(connection)
                except ImportError as error:
                    raise QueryError(
                        f"{error.name} is not installed", hints=(f"`pip install {error.name}`",)
                    ) from None

    def _fill(self, connection: DuckDBPyConnection) -> None:
        """Fetch what is asked for of the history: commits, and the files of versions."""
        if _COMMITS.search(self._query):
            fill_commits(connection, self._repository)
        wanted = {text.replace("''", "'") for text in _FILES.findall(self._query)}
        fill_files(connection, self._repository, wanted)


def _table(connection: DuckDBPyConnection, query: str) -> Table:
    connection.execute(query)
    names = _unique([column[0] for column in connection.description or []])
    rows = connection.fetchall()
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return Table({name: list(cells) for name, cells in zip(names, columns, strict=True)})


def _unique(names: list[str]) -> list[str]:
    """Names of columns, the second of equal ones with a number."""
    found: list[str] = []
    for name in names:
        number, one = 1, name
        while one in found:
            number, one = number + 1, f"{name}_{number}"
        found.append(one)
    return found


def _check(connection: DuckDBPyConnection, query: str) -> None:
    """Refuse all but one statement that only reads."""
    import duckdb

    statements = connection.extract_statements(query)
    if len(statements) != 1:
        raise QueryError("one statement is expected" if statements else "the query is empty")
    allowed = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
    if statements[0].type not in allowed:
        hints = ("SELECT, WITH, FROM, DESCRIBE, SHOW, SUMMARIZE and EXPLAIN are.",)
        raise QueryError(
            f"a {statements[0].type.name} statement is not allowed: it may do more than read", hints=hints
        )


@contextmanager
def _stopped_after(connection: DuckDBPyConnection, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
