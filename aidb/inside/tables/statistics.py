"""What a column holds, in a few numbers: how many nulls, the least and greatest, the mean, how many distinct values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aidb.inside.tables.duck import Duck
from aidb.inside.tables.files import TableFile

_NUMERIC = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)|BOOLEAN")
_NESTED = re.compile(r"STRUCT|MAP|UNION|LIST|BLOB|JSON|BIT|VARIANT|GEOMETRY|.*\[\d*\]$")
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of one column on one side. `least` and `greatest` as text, None for nested values; `mean` of numbers only.

    `distinct` is an estimate, usually within a few per cent.
    """

    nulls: int
    distinct: int
    least: str | None = None
    greatest: str | None = None
    mean: float | None = None


def statistics(duck: Duck, table: TableFile, columns: Sequence[str]) -> list[Statistics]:
    """The statistics of some columns, in one pass."""
    if not columns:
        return []
    parts = [part for column in columns for part in _aggregates(table.typed(column), table.types[column])]
    row = duck.one(table.select(parts))
    width = len(parts) // len(columns)
    return [Statistics(*row[at : at + width]) for at in range(0, len(row), width)]


def _aggregates(cell: str, kind: str) -> list[str]:
    nested = _NESTED.match(kind) is not None
    ends = [f"left({which}({cell})::VARCHAR, {_LONGEST})" for which in ("min", "max")]
    numeric = _NUMERIC.fullmatch(kind) is not None
    return [
        f"count(*) - count({cell})",
        f"approx_count_distinct({cell})",
        *(["NULL", "NULL"] if nested else ends),
        f"avg(({cell})::DOUBLE)" if numeric else "NULL",
    ]
