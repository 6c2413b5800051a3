"""`aidb runs export`: the table, or the points of metrics, as CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.runs.curves import curves
from aidb_cli.runs.values import json_value
from aidb_cli.words import count

if TYPE_CHECKING:
    from aidb.metadata.results import Table
    from aidb_cli.runs.listing import Wanted

_SUFFIXES = (".csv", ".json", ".parquet")


def export_runs(
    context: Context, words: Sequence[str], wanted: Wanted, keys: Sequence[str], output: str | None
) -> None:
    """Write a row per run, or with `keys` a row per point of these metrics. Without a file: CSV, or JSON, printed."""
    suffix = Path(output).suffix if output else ".json" if context.out.json_mode else ".csv"
    if suffix not in _SUFFIXES:
        raise UsageError(f"{output} tells no format", hints=("Name it .csv, .json or .parquet.",))
    table = _points(context, words, wanted, keys) if keys else _runs(context, words, wanted)
    if output is None:
        _write_text(table, suffix, context.out.stdout)
        return
    from aidb.files import storage_errors

    with storage_errors(f"writing {output}"):
        if suffix == ".parquet":
            _write_parquet(table, Path(output))
        else:
            with open(output, "w", encoding="utf-8", newline="") as file:
                _write_text(table, suffix, file)
    context.out.report({"file": output, "rows": len(table)}, f"Wrote {count(len(table), 'row')} to {output}.")


def _runs(context: Context, words: Sequence[str], wanted: Wanted) -> Table:
    from aidb.metadata.results import Table

    runs = context.repo.runs
    columns = None if not (wanted.columns or wanted.group_by) else list(wanted.columns)
    table = runs.table(
        wanted.filter, sort=wanted.sort, columns=columns, group_by=wanted.group_by, limit=wanted.limit
    )
    if not words:
        return table
    chosen = {runs.resolve(word) for word in words}
    kept = [at for at, run in enumerate(table.column("id")) if run in chosen]
    return Table({name: [table.column(name)[at] for at in kept] for name in table.columns})


def _points(context: Context, words: Sequence[str], wanted: Wanted, keys: Sequence[str]) -> Table:
    from aidb.metadata.results import Table

    columns: dict[str, list[Any]] = {"run": [], "key": [], "step": [], "time": [], "value": []}
    for curve in curves(context, words, wanted, keys, points=_EVERY):
        columns["run"] += [curve.run] * len(curve.points)
        columns["key"] += [curve.key] * len(curve.points)
        columns["step"] += curve.points.steps.tolist()
        columns["time"] += curve.points.times.tolist()
        columns["value"] += curve.points.values.tolist()
    return Table(columns)


_EVERY = 1 << 40
"""More points than any curve has: none is left out."""


def _write_text(table: Table, suffix: str, file: TextIO) -> None:
    if suffix == ".json":
        file.write("[")
        for at, row in enumerate(table):
            file.write(
                (",\n " if at else "\n ") + json.dumps({key: json_value(value) for key, value in row.items()})
            )
        file.write("\n]\n")
        return
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(_flat(table))


def _flat(table: Table) -> Iterator[list[Any]]:
    for row in table.rows():
        yield [json.dumps(one) if isinstance(one, list | dict) else json_value(one) for one in row]


def _write_parquet(table: Table, path: Path) -> None:
    from aidb.metadata.results import library

    library("pyarrow.parquet").write_table(table.arrow(), path)
