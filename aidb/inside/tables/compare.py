"""What changed in a table: columns, rows by key or by content, cells, and statistics of the columns that changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from aidb.errors import UnreadableContentError
from aidb.inside.content import Content
from aidb.inside.explanation import Explanation, counted
from aidb.inside.tables.duck import Duck, duck, listed, sorting
from aidb.inside.tables.files import Format, TableFile, table_file
from aidb.inside.tables.rows import Side, collect
from aidb.inside.tables.statistics import Statistics, statistics

SAMPLE = 10
"""So many rows of each kind are shown as examples."""
MOST_STATISTICS = 20
"""Statistics are taken of so many columns."""
_LONGEST = 200
_KEY_NAMES = ("id", "key", "uuid", "guid", "path", "file", "filename", "name", "index")


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Retyped:
    """A column whose type changed."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """In how many rows the cell of a column changed, and what it holds before and after (None: not looked at)."""

    name: str
    cells: int
    before: Statistics | None = None
    after: Statistics | None = None


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that is on both sides: its key, and the cells that differ, before and after. Long text is cut."""

    key: dict[str, str | None]
    before: dict[str, str | None]
    after: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class TableDiff(Explanation):
    """How a table changed. Without a key, a changed row counts as one removed and one added.

    `columns` are those of both sides with changed cells or, if rows came or went, all. The rows are examples, at most
    `SAMPLE` of each kind, in the order of the key.
    """

    kind: ClassVar[str] = "table"
    rows_before: int
    rows_after: int
    key: tuple[str, ...]
    key_guessed: bool
    rows_added: int
    rows_removed: int
    rows_changed: int
    columns_added: tuple[Column, ...] = ()
    columns_removed: tuple[Column, ...] = ()
    columns_retyped: tuple[Retyped, ...] = ()
    columns: tuple[ColumnChange, ...] = ()
    changed: tuple[ChangedRow, ...] = ()
    added: tuple[dict[str, str | None], ...] = ()
    removed: tuple[dict[str, str | None], ...] = ()
    notes: tuple[str, ...] = field(default=())

    def summary(self) -> str:
        parts = ((self.rows_changed, "changed"), (self.rows_added, "added"), (self.rows_removed, "removed"))
        told = [f"{counted(number, 'row')} {word}" for number, word in parts if number]
        groups = (
            (self.columns_added, "added"),
            (self.columns_removed, "removed"),
            (self.columns_retyped, "of another type"),
        )
        told += [f"{counted(len(group), 'column')} {word}" for group, word in groups if group]
        return ", ".join(told) or "the same rows, ordered or encoded differently"


class _Pair(NamedTuple):
    """Both sides of a comparison, and the columns they have in common."""

    old: TableFile
    new: TableFile
    columns: list[str]


class _Rows(NamedTuple):
    """What differs: counts, changed cells by column, and examples."""

    added: int = 0
    removed: int = 0
    cells: tuple[int, ...] = ()
    rows_changed: int = 0
    changed: tuple[ChangedRow, ...] = ()
    examples_added: tuple[dict[str, str | None], ...] = ()
    examples_removed: tuple[dict[str, str | None], ...] = ()


def explain_table(
    old: Content, new: Content, path: str, format_: Format, scratch: Path, key: tuple[str, ...] | None = None
) -> TableDiff:
    """Compare two tables. Without a `key` one is guessed, or rows are compared by content.

    Raises UnreadableContentError for files that are no such tables, and for a key that names no column.
    """
    with (
        duck(scratch) as db,
        table_file(db, old, format_, path) as before,
        table_file(db, new, format_, path) as after,
    ):
        pair = _Pair(before, after, [column for column in after.types if column in before.types])
        for column in key or ():
            if column not in pair.columns:
                raise UnreadableContentError(f"there is no column {column!r} on both sides to be the key")
        return _compare(db, pair, key)


def _compare(db: Duck, pair: _Pair, key: tuple[str, ...] | None) -> TableDiff:
    columns = pair.columns
    if not columns:
        raise UnreadableContentError("both sides have no column in common")
    old_cells, new_cells = _comparable(db, pair)
    given = None if key is None else [columns.index(column) for column in key]
    sides = Side("old", pair.old, old_cells), Side("new", pair.new, new_cells)
    rows_before, rows_after = collect(db, sides[0], sides[1:], given, numbered=False)
    notes: list[str] = []
    used = _choose_key(db, pair, given, notes)
    rows = _by_key(db, columns, used) if used else _by_content(db, columns)
    return TableDiff(
        rows_before=rows_before,
        rows_after=rows_after,
        key=tuple(columns[at] for at in used),
        key_guessed=bool(used) and given is None,
        rows_added=rows.added,
        rows_removed=rows.removed,
        rows_changed=rows.rows_changed,
        columns_added=_beyond(pair.new, pair.old),
        columns_removed=_beyond(pair.old, pair.new),
        columns_retyped=_retyped(pair),
        columns=_column_changes(db, pair, rows),
        changed=rows.changed,
        added=rows.examples_added,
        removed=rows.examples_removed,
        notes=tuple(notes),
    )


def _beyond(one: TableFile, other: TableFile) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind in one.types.items() if name not in other.types)


def _retyped(pair: _Pair) -> tuple[Retyped, ...]:
    types = ((name, pair.old.types[name], pair.new.types[name]) for name in pair.columns)
    return tuple(Retyped(*found) for found in types if found[1] != found[2])


def _comparable(db: Duck, pair: _Pair) -> tuple[list[str], list[str]]:
    """The cells of the common columns, on both sides as the same types."""
    old, new = [], []
    for column in pair.columns:
        one, other = pair.old.cells[column], pair.new.cells[column]
        before, after = pair.old.types[column], pair.new.types[column]
        if pair.new.format == "parquet" and before != after:
            common = _common_type(db, before, after)
            one, other = f"({one})::{common}", f"({other})::{common}"
        old.append(one)
        new.append(other)
    return old, new


def _common_type(db: Duck, one: str, other: str) -> str:
    """The type that holds the values of both; text, if there is no other."""
    try:
        query = f"SELECT typeof(x) FROM (SELECT NULL::{one} AS x UNION ALL SELECT NULL::{other}) LIMIT 1"
        return str(db.one(query)[0])
    except UnreadableContentError:
        return "VARCHAR"


def _choose_key(db: Duck, pair: _Pair, given: list[int] | None, notes: list[str]) -> list[int]:
    """The key to use, as positions of columns; none if rows must be compared by content."""
    if not db.one("SELECT count(*) FROM differing")[0]:
        return given or []
    if given is not None:
        if problem := key_problem(db, ("old", "new"), given):
            named = ", ".join(pair.columns[at] for at in given)
            notes.append(f"{named} is no key: {problem}; rows are compared by content")
            return []
        return given
    for at in _candidates(pair):
        if key_problem(db, ("old", "new"), [at]) is None:
            return [at]
    return []


def _candidates(pair: _Pair) -> list[int]:
    """Columns that may be a key: of whole numbers or text; those named like one first, then in their order."""

    def rank(at: int) -> tuple[int, int]:
        column = pair.columns[at].lower()
        named = _KEY_NAMES.index(column) if column in _KEY_NAMES else len(_KEY_NAMES)
        return (named - 1 if named == len(_KEY_NAMES) and column.endswith("id") else named, at)

    kinds = ("BIGINT", "INTEGER", "VARCHAR", "UUID", "UBIGINT", "UINTEGER", "SMALLINT", "HUGEINT")
    places = [at for at, column in enumerate(pair.columns) if pair.new.types[column] in kinds]
    return sorted(places, key=rank)[:10]


def key_problem(db: Duck, tables: Sequence[str], key: Sequence[int]) -> str | None:
    """Why these columns do not tell the collected rows apart, or None if they do."""
    cells = [f"c{at}" for at in key]
    for table in tables:
        if db.one(f"SELECT count(*) FROM {table}_rows WHERE {_any_null(cells)}")[0]:
            return "it is empty in some rows"
        twice = db.all(
            f"SELECT {listed([f'{cell}::VARCHAR' for cell in cells])}, count(*) AS times FROM {table}_rows"
            f" GROUP BY {listed(cells)} HAVING times > 1 LIMIT 1"
        )
        if twice:
            *values, times = twice[0]
            return f"{', '.join(map(str, values))} stands in {times:,} rows"
    return None


def _any_null(cells: Sequence[str]) -> str:
    return " OR ".join(f"{cell} IS NULL OR {cell}::VARCHAR IN ('', 'null')" for cell in cells)


def _by_content(db: Duck, columns: list[str]) -> _Rows:
    cells = listed([f"c{at}" for at in range(len(columns))])
    for table, one, other in (("added", "new", "old"), ("removed", "old", "new")):
        db.run(
            f"CREATE TEMP TABLE {table} AS SELECT {cells} FROM {one}_rows EXCEPT ALL SELECT {cells} FROM {other}_rows"
        )
    return _Rows(
        added=_count(db, "added"),
        removed=_count(db, "removed"),
        cells=(0,) * len(columns),
        examples_added=_examples(db, "added", columns, cells),
        examples_removed=_examples(db, "removed", columns, cells),
    )


def _by_key(db: Duck, columns: list[str], key: list[int]) -> _Rows:
    on = " AND ".join(f"o.c{at} = n.c{at}" for at in key)
    differs = [f"o.c{at} IS DISTINCT FROM n.c{at}" for at in range(len(columns))]
    db.run(
        f"CREATE TEMP TABLE changed AS SELECT {listed(_both(columns))} FROM old_rows o JOIN new_rows n ON {on}"
        f" WHERE {' OR '.join(differs)}"
    )
    db.run(f"CREATE TEMP TABLE added AS SELECT n.* FROM new_rows n ANTI JOIN old_rows o ON {on}")
    db.run(f"CREATE TEMP TABLE removed AS SELECT o.* FROM old_rows o ANTI JOIN new_rows n ON {on}")
    sums = [f"count(*) FILTER (o{at} IS DISTINCT FROM n{at})" for at in range(len(columns))]
    rows_changed, *cells = db.one(f"SELECT count(*), {listed(sums)} FROM changed")
    order = listed([sorting(f"c{at}") for at in key])
    return _Rows(
        added=_count(db, "added"),
        removed=_count(db, "removed"),
        cells=tuple(cells),
        rows_changed=rows_changed,
        changed=_changed_examples(db, columns, key),
        examples_added=_examples(db, "added", columns, order),
        examples_removed=_examples(db, "removed", columns, order),
    )


def _both(columns: list[str]) -> list[str]:
    return [part for at in range(len(columns)) for part in (f"o.c{at} AS o{at}", f"n.c{at} AS n{at}")]


def _count(db: Duck, table: str) -> int:
    return int(db.one(f"SELECT count(*) FROM {table}")[0])


def _shown(cell: str) -> str:
    """A cell as text, cut before it is handed out: it may be a picture."""
    return f"left({cell}::VARCHAR, {_LONGEST})"


def _examples(db: Duck, table: str, columns: list[str], order: str) -> tuple[dict[str, str | None], ...]:
    cells = listed([_shown(f"c{at}") for at in range(len(columns))])
    rows = db.all(f"SELECT {cells} FROM {table} ORDER BY {order} LIMIT {SAMPLE}")
    return tuple(dict(zip(columns, row, strict=True)) for row in rows)


def _changed_examples(db: Duck, columns: list[str], key: list[int]) -> tuple[ChangedRow, ...]:
    width = len(columns)
    parts = [
        *(_shown(f"o{at}") for at in range(width)),
        *(_shown(f"n{at}") for at in range(width)),
        *(f"o{at} IS DISTINCT FROM n{at}" for at in range(width)),
    ]
    order = listed([sorting(f"n{at}") for at in key])
    rows = db.all(f"SELECT {listed(parts)} FROM changed ORDER BY {order} LIMIT {SAMPLE}")
    return tuple(
        _changed_row(columns, key, row[:width], row[width : 2 * width], row[2 * width :]) for row in rows
    )


def _changed_row(
    columns: list[str], key: list[int], old: Sequence[Any], new: Sequence[Any], differs: Sequence[bool]
) -> ChangedRow:
    places = [at for at in range(len(columns)) if differs[at]]
    return ChangedRow(
        {columns[at]: new[at] for at in key},
        {columns[at]: old[at] for at in places},
        {columns[at]: new[at] for at in places},
    )


def _column_changes(db: Duck, pair: _Pair, rows: _Rows) -> tuple[ColumnChange, ...]:
    """The columns that changed; where rows came or went, any may have."""
    moved = bool(rows.added or rows.removed)
    chosen = [at for at, cells in enumerate(rows.cells) if cells or moved]
    looked_at = [pair.columns[at] for at in chosen[:MOST_STATISTICS]]
    before, after = statistics(db, pair.old, looked_at), statistics(db, pair.new, looked_at)
    numbers: list[tuple[Statistics | None, Statistics | None]] = list(zip(before, after, strict=True))
    numbers += [(None, None)] * (len(chosen) - len(numbers))
    return tuple(
        ColumnChange(pair.columns[at], rows.cells[at], *found)
        for at, found in zip(chosen, numbers, strict=True)
    )
