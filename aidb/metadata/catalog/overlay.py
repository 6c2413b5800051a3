"""One database in memory that shows the published tables with the news on top, as views of the schema `cat`.

Once it is open nothing outside can be reached from it any more: no file, no network, no setting. So whatever SQL a
person hands in can at most read what is here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from aidb.errors import DamagedObjectError
from aidb.metadata import duck
from aidb.metadata.catalog import layout, published, segments
from aidb.metadata.catalog.looking import Seen
from aidb.metadata.catalog.news import News
from aidb.metadata.catalog.record import Record
from aidb.metadata.catalog.rows import write_rows
from aidb.metadata.catalog.segments import Segment

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LOCKED = """
    SET python_enable_replacements = false;
    SET enable_external_access = false;
    SET lock_configuration = true;
"""
_SHARED = {**layout.TABLES, "keys": layout.BOOKS["keys"]}
"""What is both published and in the news."""


class Overlay:
    """An open database. `found` is the name of the published file, `base` too unless it cannot be read; `seen` how the
    journals looked when it was written."""

    def __init__(self, folder: Path, spill: Path) -> None:
        """Open what is published in `folder` (`.aidb/catalog`)."""
        self.connection: DuckDBPyConnection = duck.connect(spill=spill)
        try:
            self.found, self.base, self.segments, self.seen = _attach_all(self.connection, folder)
            self.connection.execute(
                "CREATE SCHEMA news; CREATE SCHEMA cat; CREATE TABLE news.replaced (run INTEGER)"
            )
            self.connection.execute(layout.create(_SHARED, "news"))
            self.connection.execute(layout.create({"points": layout.POINTS}, "news"))
            self.connection.execute(_LOCKED)
            self._make_views(has_news=False)
        except BaseException:
            self.connection.close()
            raise

    def keys(self) -> dict[str, int]:
        """The numbers of all published keys."""
        if self.base is None:
            return {}
        return dict(self.connection.execute('SELECT name, "key" FROM base.keys').fetchall())

    def next_run(self) -> int:
        """A number that no run has had."""
        highest = max((one.last_run for one in self.segments), default=0)
        if self.base is not None:
            row = self.connection.execute("SELECT coalesce(max(run), 0) FROM base.runs").fetchone()
            highest = max(highest, row[0] if row else 0)
        return highest + 1

    def records(self, runs: Sequence[int]) -> dict[int, Record]:
        """The published records of runs, by number."""
        if self.base is None or not runs:
            return {}
        rows = self.connection.execute(
            "SELECT run, record FROM base.records WHERE list_contains(?, run)", [runs]
        )
        return {run: msgspec.msgpack.decode(data, type=Record) for run, data in rows.fetchall()}

    def show(self, news: News, hidden: Collection[int]) -> None:
        """Take over what came since the last time; `hidden` are all numbers whose published rows do not hold."""
        for table in layout.TABLES:
            sql = f"DELETE FROM news.{table} WHERE list_contains(?, run)"
            self.connection.execute(sql, [list(news.replaced)])
        self.connection.execute("DELETE FROM news.replaced")
        duck.insert(self.connection, "news.replaced", {"run": np.array(sorted(hidden), dtype=np.int32)})
        write_rows(self.connection, "news.", list(news.records.values()))
        segments.insert_points(self.connection, "news.points", news.pieces())
        duck.insert(self.connection, "news.keys", {"key": list(news.keys.values()), "name": list(news.keys)})
        self._make_views(has_news=True)

    def _make_views(self, *, has_news: bool) -> None:
        for table in _SHARED:
            parts = []
            if self.base is not None:
                hidden = " ANTI JOIN news.replaced USING (run)" if has_news and table in layout.TABLES else ""
                parts.append(f"SELECT * FROM base.{table}{hidden}")
            if has_news or not parts:
                parts.append(f"SELECT * FROM news.{table}")
            self.connection.execute(f"CREATE OR REPLACE VIEW cat.{table} AS {' UNION ALL '.join(parts)}")
        sources = [
            *(f"s{at}.points" for at in range(len(self.segments))),
            *(["news.points"] if has_news else []),
        ]
        union = " UNION ALL ".join(f"SELECT * FROM {source}" for source in sources or ["news.points"])
        self.connection.execute(f"CREATE OR REPLACE VIEW cat.points AS {union}")

    def close(self) -> None:
        """Let go of the files."""
        self.connection.close()


class _Published(NamedTuple):
    """What was found: the name of the current database (`base` if it is attached, not if it is broken), its segments,
    and how the journals looked when it was written."""

    found: str | None
    base: str | None
    segments: tuple[Segment, ...]
    seen: dict[str, Seen]


def _attach_all(connection: DuckDBPyConnection, folder: Path) -> _Published:
    """Attach the published database as `base` and its segments as `s0`, `s1`, …; nothing if that cannot be read whole.

    Then the journals are all there is, and a new catalog will be made of them.
    """
    for _ in range(3):
        base = published.open_current(connection, folder, "base")
        if base is None:
            break
        attached = ["base"]
        try:
            listed, seen = _listed(connection)
            for at, one in enumerate(listed):
                duck.attach(connection, folder / one.file, f"s{at}")
                attached.append(f"s{at}")
        except DamagedObjectError:
            for alias in attached:
                connection.execute(f"DETACH {alias}")
            if published.current(folder) == base:
                break
        else:
            return _Published(base, base, listed, seen)
    return _Published(published.current(folder), None, (), {})


def _listed(connection: DuckDBPyConnection) -> tuple[tuple[Segment, ...], dict[str, Seen]]:
    """The books of `base`. Raises DamagedObjectError."""
    import duckdb

    try:
        rows = connection.execute("FROM base.segments").fetchall()
        [(seen,)] = connection.execute("SELECT seen FROM base.books").fetchall()
        return tuple(Segment(*row) for row in rows), msgspec.msgpack.decode(seen, type=dict[str, Seen])
    except (duckdb.Error, msgspec.DecodeError, ValueError) as error:
        raise DamagedObjectError(f"the catalog cannot be read: {duck.first_line(error)}") from None
