"""Three-way merge of tables, by row and cell.

What theirs changed since the base is carried over to ours: rows that came, went, or whose cells have another value. A
row that both changed is merged cell by cell. Whatever both changed differently, and whatever one changed and the other
removed, is a conflict, and so is a change of columns that cannot be told apart. Rows stay where ours has them; the new
ones of theirs follow. If only theirs has other columns, the same is done the other way round: theirs is what the rows
of ours are carried over to.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from aidb.errors import UnreadableContentError
from aidb.inside.content import Content
from aidb.inside.explanation import counted
from aidb.inside.tables.compare import key_problem
from aidb.inside.tables.duck import Duck, duck, listed, sorting
from aidb.inside.tables.files import Format, TableFile, table_file
from aidb.inside.tables.rows import Side, collect
from aidb.inside.tables.write import Edits, write_table

_NAMED = 3
"""So many rows of a conflict are named."""


@dataclass(frozen=True, slots=True)
class MergedTable:
    """The rows that were carried over: how many came, went and changed."""

    rows_added: int
    rows_removed: int
    rows_changed: int

    def summary(self) -> str:
        """`2 rows added, 1 changed`"""
        parts = ((self.rows_changed, "changed"), (self.rows_added, "added"), (self.rows_removed, "removed"))
        return (
            ", ".join(f"{counted(number, 'row')} {word}" for number, word in parts if number)
            or "no row changed"
        )


@dataclass(frozen=True, slots=True)
class TableConflict:
    """Why a table needs a person: one line that names the first rows or columns."""

    message: str


@dataclass(frozen=True, slots=True)
class Versions:
    """The three versions of a table, and how it is called."""

    base: Content
    ours: Content
    theirs: Content
    path: str
    format: Format


def merge_tables(
    versions: Versions, key: tuple[str, ...], scratch: Path, target: Path
) -> MergedTable | TableConflict:
    """Write the merged table to `target`, in the format and dialect of ours, or say why it cannot be merged.

    Raises UnreadableContentError for a version that is no such table.
    """
    with duck(scratch) as db, ExitStack() as stack:
        base, ours, theirs = (
            stack.enter_context(table_file(db, content, versions.format, versions.path))
            for content in (versions.base, versions.ours, versions.theirs)
        )
        chosen = _roles(base, ours, theirs)
        if isinstance(chosen, TableConflict):
            return chosen
        canvas, other, columns = chosen
        if missing := [column for column in key if column not in columns]:
            return TableConflict(f"the key {', '.join(missing)} is no column of it")
        return _merge(db, (base, canvas, other), columns, [columns.index(column) for column in key], target)


def _roles(
    base: TableFile, ours: TableFile, theirs: TableFile
) -> tuple[TableFile, TableFile, list[str]] | TableConflict:
    """Which side rows are carried over to, which from, and the columns both know."""
    if base.format == "jsonl":  # each line brings its own keys
        return ours, theirs, list(dict.fromkeys([*ours.types, *theirs.types, *base.types]))
    canvas, other = (ours, theirs) if _columns(theirs) == _columns(base) else (theirs, ours)
    if _columns(other) != _columns(base):
        both = sorted(set(_columns(ours).items()) ^ set(_columns(theirs).items()))
        named = ", ".join(dict.fromkeys(column for column, _ in both)) or "the same ones"
        return TableConflict(f"columns {named}")
    gone = [column for column, kind in _columns(base).items() if _columns(canvas).get(column) != kind]
    if gone:
        side = "ours" if canvas is ours else "theirs"
        return TableConflict(f"{side} removed or retyped columns: {', '.join(gone)}")
    return canvas, other, list(base.types)


def _columns(table: TableFile) -> dict[str, str]:
    """Names and types; the types of CSV are only guessed and do not count."""
    return table.types if table.format == "parquet" else dict.fromkeys(table.types, "")


def _merge(
    db: Duck, tables: tuple[TableFile, TableFile, TableFile], columns: list[str], key: list[int], target: Path
) -> MergedTable | TableConflict:
    _, canvas, other = tables
    names = ("base", "ours", "theirs")
    sides = [Side(name, table, _cells(table, columns)) for name, table in zip(names, tables, strict=True)]
    _, rows, _ = collect(db, sides[0], sides[1:], key, numbered=True)
    if problem := key_problem(db, names, key):
        return TableConflict(f"{', '.join(columns[at] for at in key)} is no key: {problem}")
    _make_edits(db, len(columns), key)
    if conflict := _conflict(db, columns, key):
        return conflict
    try:
        write_table(db, Edits(canvas, other, columns, rows), target)
    except UnreadableContentError as error:
        return TableConflict(f"it was merged, but cannot be written: {error.message}")
    counts = dict(db.all("SELECT action, count(*) FROM edits GROUP BY action"))
    return MergedTable(counts.get("append", 0), counts.get("delete", 0), counts.get("replace", 0))


def _cells(table: TableFile, columns: Sequence[str]) -> list[str]:
    """The cells of these columns; of JSON lines, also of keys that this version does not know."""
    return [table.cells.get(column, "NULL::JSON") for column in columns]


def _make_edits(db: Duck, width: int, key: list[int]) -> None:
    """The table `edits`: what theirs changed and ours has not, row by row.

    `row` is the place in ours (NULL for a new row), `their_row` that in theirs; `m<n>` the merged cells, `d<n>` whether
    they differ from those of ours, `x<n>` whether both sides changed them differently; `mine` says that ours changed
    the row, too.
    """
    cells = range(width)

    def differ(one: str, other: str) -> str:
        changed = " OR ".join(f"{one}.c{at} IS DISTINCT FROM {other}.c{at}" for at in cells)
        return f"(({one}.row IS NULL) <> ({other}.row IS NULL) OR ({one}.row IS NOT NULL AND ({changed})))"

    joined = (
        f"base_rows b FULL JOIN ours_rows o ON {_same_key('b', 'o', key)}"
        f" FULL JOIN theirs_rows t ON {' AND '.join(f'coalesce(b.c{at}, o.c{at}) = t.c{at}' for at in key)}"
    )
    everywhere = "(b.row IS NOT NULL AND o.row IS NOT NULL AND t.row IS NOT NULL)"
    merged = [
        f"CASE WHEN NOT mine OR o.c{at} IS NOT DISTINCT FROM b.c{at} THEN t.c{at} ELSE o.c{at} END AS m{at}"
        for at in cells
    ]
    clash = [
        f"{everywhere} AND o.c{at} IS DISTINCT FROM b.c{at} AND t.c{at} IS DISTINCT FROM b.c{at}"
        f" AND o.c{at} IS DISTINCT FROM t.c{at} AS x{at}"
        for at in cells
    ]
    keys = [f"coalesce(b.c{at}, o.c{at}, t.c{at}) AS k{number}" for number, at in enumerate(key)]
    db.run(
        f"CREATE TEMP TABLE edits AS SELECT *, {listed([f'm{at} IS DISTINCT FROM o{at} AS d{at}' for at in cells])}"
        f" FROM (SELECT o.row AS row, t.row AS their_row, {differ('b', 'o')} AS mine, {listed(keys)},"
        f" CASE WHEN mine AND NOT {everywhere} THEN 'conflict' WHEN t.row IS NULL THEN 'delete'"
        f" WHEN o.row IS NULL THEN 'append' ELSE 'replace' END AS action,"
        f" {listed(merged)}, {listed(clash)}, {listed([f'o.c{at} AS o{at}' for at in cells])}"
        f" FROM {joined} WHERE {differ('b', 't')} AND {differ('o', 't')})"
    )


def _same_key(one: str, other: str, key: list[int]) -> str:
    return " AND ".join(f"{one}.c{at} = {other}.c{at}" for at in key)


def _conflict(db: Duck, columns: list[str], key: list[int]) -> TableConflict | None:
    """The rows that both sides changed differently, if there are any."""
    clash = " OR ".join(f"x{at}" for at in range(len(columns)))
    found = f"FROM edits WHERE action = 'conflict' OR {clash}"
    (count,) = db.one(f"SELECT count(*) {found}")
    if not count:
        return None
    keys = listed([f"left(k{number}::VARCHAR, 40)" for number in range(len(key))])
    order = listed([sorting(f"k{number}") for number in range(len(key))])
    flags = listed([f"x{at}" for at in range(len(columns))])
    rows = db.all(f"SELECT {keys}, {flags} {found} ORDER BY {order} LIMIT {_NAMED}")
    named = [_named(row, columns, key) for row in rows]
    more = f" and {count - len(named):,} more" if count > len(named) else ""
    return TableConflict("; ".join(named) + more)


def _named(row: tuple[object, ...], columns: list[str], key: list[int]) -> str:
    """`id 7 (label)`: the row and the cells in question, or the whole row."""
    where = ", ".join(f"{columns[at]} {value}" for at, value in zip(key, row, strict=False))
    cells = [column for column, clash in zip(columns, row[len(key) :], strict=True) if clash]
    return f"{where} ({', '.join(cells) or 'the whole row'})"
