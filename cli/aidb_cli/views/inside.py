"""What changed inside a file, drawn for a person: a headline, and below it lines or tables that are cut when long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from aidb.types import show_path
from aidb_cli.output import Output
from aidb_cli.views.changes import change_name
from aidb_cli.views.grid import cell, grid
from aidb_cli.words import count

if TYPE_CHECKING:
    from aidb.inside import (
        ArrayChange,
        ArraysDiff,
        DocumentDiff,
        Explanation,
        Statistics,
        TableDiff,
        TensorsDiff,
        TextDiff,
        Unreadable,
    )
    from aidb.versioning.diff import FileChange

MOST_LINES = 100
"""Lines of a text, unless all are asked for."""
MOST_ROWS = 5
"""Examples of rows of each kind, unless all are asked for."""
MOST_PARTS = 20
"""Tensors, arrays or values, unless all are asked for."""
_NOISE = 0.05
"""Estimates of distinct values that differ by less are not told."""
_MOST_COLUMNS = 8
"""Columns of an example of a row."""

_LINE_STYLES = {"+": "added", "-": "removed", "@": "renamed"}


def draw_inside(out: Output, change: FileChange, found: Explanation, *, every: bool = False) -> None:
    """An empty line and the explanation of one file; `every` line of it that is known, if wanted."""
    out.line()
    if found.kind != "text":  # whose lines begin with the names
        out.line(f"{out.style('heading', change_name(change))}  {show_path(found.summary())}")
    if found.kind in _DRAWERS:
        _DRAWERS[found.kind](out, found, every)


def _draw_text(out: Output, found: TextDiff, every: bool) -> None:
    header, lines = found.lines[:2], found.lines[2:]
    for line in header:
        out.line(out.style("heading", line))
    shown = lines if every else lines[:MOST_LINES]
    for line in shown:
        clean = "".join(char for char in line if char.isprintable() or char == "\t")
        style = _LINE_STYLES.get(line[:1])
        out.line(out.style(style, clean) if style else clean)
    if len(shown) < len(lines):
        out.line(out.style("dim", f"… and {count(len(lines) - len(shown), 'more line')}"))
    elif found.cut:
        out.line(out.style("dim", "… and more lines"))


def _draw_unreadable(out: Output, found: Unreadable, _: bool) -> None:
    for hint in found.hints:
        out.hint(hint)


# Tables


def _draw_table(out: Output, found: TableDiff, every: bool) -> None:
    most = len(found.changed) + len(found.added) + len(found.removed) if every else MOST_ROWS
    out.line(f"  {_counts(found)}")
    for note in found.notes:
        out.line(f"  {out.style('warning', 'note:')} {show_path(note)}")
    _draw_columns(out, found)
    _draw_changed(out, found, most)
    _draw_moved(out, found, most)
    _draw_statistics(out, found, every)


def _counts(found: TableDiff) -> str:
    rows = f"{found.rows_before:,} → {found.rows_after:,} rows"
    if found.rows_before == found.rows_after:
        rows = count(found.rows_after, "row")
    if not found.key:
        return rows if not (found.rows_added or found.rows_removed) else f"{rows}, compared by content"
    guessed = " (guessed)" if found.key_guessed else ""
    return f"{rows}, told apart by {', '.join(map(cell, found.key))}{guessed}"


def _draw_columns(out: Output, found: TableDiff) -> None:
    parts = [
        *(out.style("added", f"+ {cell(column.name)} {column.type}") for column in found.columns_added),
        *(out.style("removed", f"- {cell(column.name)} {column.type}") for column in found.columns_removed),
        *(out.style("modified", f"{cell(c.name)} {c.before} → {c.after}") for c in found.columns_retyped),
    ]
    for part in parts[:MOST_PARTS]:
        out.line(f"  column {part}")
    _draw_more(out, len(parts) - MOST_PARTS, "column")


def _draw_changed(out: Output, found: TableDiff, most: int) -> None:
    """A line per cell: the key, the column, before and after."""
    if not found.changed:
        return
    rows = [[*map(cell, found.key), "column", "before", "after"]]
    for changed in found.changed[:most]:
        keys = [cell(value) for value in changed.key.values()]
        rows += [
            [*keys, cell(column), cell(before), cell(changed.after[column])]
            for column, before in changed.before.items()
        ]
    out.line()
    _draw_grid(out, rows)
    _draw_more(out, found.rows_changed - min(most, len(found.changed)), "changed row")


def _draw_moved(out: Output, found: TableDiff, most: int) -> None:
    """Examples of rows that came and went, each with its first cells."""
    rows = [("-", row) for row in found.removed[:most]] + [("+", row) for row in found.added[:most]]
    if not rows:
        return
    columns = list(dict.fromkeys([*found.key, *rows[0][1]]))
    shown = columns[:_MOST_COLUMNS]
    more = ["…"] if len(columns) > len(shown) else []
    table = [[" ", *map(cell, shown), *more], *([mark, *(cell(row[c]) for c in shown)] for mark, row in rows)]
    out.line()
    _draw_grid(out, table, styles=[None, *(_LINE_STYLES[mark] for mark, _ in rows)])
    _draw_more(out, found.rows_removed - min(most, len(found.removed)), "removed row")
    _draw_more(out, found.rows_added - min(most, len(found.added)), "added row")


def _draw_statistics(out: Output, found: TableDiff, every: bool) -> None:
    """A line per column whose numbers moved."""
    rows = []
    for column in found.columns:
        moved = _moved(column.before, column.after) if column.before and column.after else []
        if column.cells or moved:
            changed = count(column.cells, "cell") if column.cells else ""
            rows.append([cell(column.name), changed, ", ".join(moved)])
    if not rows:
        return
    shown = rows if every else rows[:MOST_PARTS]
    out.line()
    for line in grid(shown):
        out.line(f"  {line}")
    _draw_more(out, len(rows) - len(shown), "column")


def _moved(before: Statistics, after: Statistics) -> list[str]:
    """The numbers of a column that are not what they were."""
    pairs = [
        ("nulls", f"{before.nulls:,}", f"{after.nulls:,}"),
        ("min", cell(before.least, 20), cell(after.least, 20)),
        ("max", cell(before.greatest, 20), cell(after.greatest, 20)),
        ("mean", _number(before.mean), _number(after.mean)),
    ]
    if abs(after.distinct - before.distinct) > _NOISE * before.distinct:
        pairs.append(("distinct", f"~{before.distinct:,}", f"~{after.distinct:,}"))
    return [f"{what} {old} → {new}" for what, old, new in pairs if old != new]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


# Tensors, arrays, values


def _draw_tensors(out: Output, found: TensorsDiff, every: bool) -> None:
    parts = [
        *(("-", "removed", change) for change in found.removed),
        *(("+", "added", change) for change in found.added),
        *(("~", "modified", change) for change in found.changed),
    ]
    shown = parts if every else parts[:MOST_PARTS]
    rows = [[mark, *_array_cells(change)] for mark, _, change in shown]
    _draw_grid(out, rows, styles=[style for _, style, _ in shown], heading=False)
    _draw_more(out, len(parts) - len(shown), "tensor")
    for item in found.metadata[:MOST_PARTS]:
        out.line(f"  metadata {cell(item.key)}: {cell(item.before)} → {cell(item.after)}")
    _draw_more(out, len(found.metadata) - MOST_PARTS, "metadata key")


def _draw_arrays(out: Output, found: ArraysDiff, every: bool) -> None:
    shown = found.arrays if every else found.arrays[:MOST_PARTS]
    if len(shown) == 1 and not shown[0].name:
        return  # the headline has said it all
    _draw_grid(out, [_array_cells(change) for change in shown], heading=False)
    _draw_more(out, len(found.arrays) - len(shown), "array")


def _array_cells(change: ArrayChange) -> list[str]:
    """Name, type, shape and what differs."""
    before = _kind(change.dtype_before, change.shape_before)
    after = _kind(change.dtype_after, change.shape_after)
    kind = before if before == after else " → ".join(filter(None, (before, after)))
    difference = change.difference
    if difference is None:
        return [cell(change.name, 60), kind]
    relative = difference.relative
    apart = "" if relative is None else f"relative change {relative:.3g}"
    return [cell(change.name, 60), kind, change.summary(), apart]


def _kind(dtype: str | None, shape: tuple[int, ...] | None) -> str:
    return "" if shape is None else f"{dtype} [{', '.join(map(str, shape))}]"


def _draw_document(out: Output, found: DocumentDiff, every: bool) -> None:
    shown = found.changes if every else found.changes[:MOST_PARTS]
    rows = [["path", "before", "after"]]
    rows += [[cell(c.path, 60), *(_value(text) for text in (c.before, c.after))] for c in shown]
    _draw_grid(out, rows)
    _draw_more(out, found.added + found.removed + found.changed - len(shown), "value")


def _value(text: str | None) -> str:
    return "-" if text is None else cell(text, 40)


# Common


def _draw_grid(
    out: Output, rows: Sequence[Sequence[str]], *, styles: Sequence[str | None] = (), heading: bool = True
) -> None:
    """Indented and aligned; the first line is a heading, unless said otherwise."""
    for at, line in enumerate(grid(rows)):
        style = "dim" if heading and not at else styles[at] if styles else None
        out.line(f"  {out.style(style, line) if style else line}")


def _draw_more(out: Output, number: int, noun: str) -> None:
    if number > 0:
        out.line(out.style("dim", f"  … and {count(number, 'more ' + noun)}"))


_DRAWERS: dict[str, Callable[[Output, Any, bool], None]] = {
    "unreadable": _draw_unreadable,
    "text": _draw_text,
    "table": _draw_table,
    "tensors": _draw_tensors,
    "arrays": _draw_arrays,
    "json": _draw_document,
}
"""By kind. What has none is told by its headline."""
