"""Finding the rows that differ between tables without joining those that do not.

Every row falls into a bucket by the hash of its key, or of all its cells. One pass over each table adds up the hashes
of the rows in each bucket; where the sums agree, so do the rows. A second pass collects the rows of the other buckets
as temporary tables of DuckDB, `<table>_rows`, with the cells as columns `c0`, `c1` … so that no name of a file is ever
taken for something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aidb.inside.tables.duck import Duck, listed
from aidb.inside.tables.files import TableFile

_ROWS_PER_BUCKET = 64
_BYTES_PER_ROW = 64
_FEWEST, _MOST = 1 << 10, 1 << 20


@dataclass(frozen=True, slots=True)
class Side:
    """A table that takes part: its name in SQL, its file, and the expressions of the cells to compare."""

    name: str
    file: TableFile
    cells: Sequence[str]


def collect(
    duck: Duck, first: Side, others: Sequence[Side], key: Sequence[int] | None, *, numbered: bool
) -> list[int]:
    """Make `<table>_rows` of all sides: the rows in buckets that any of `others` fills differently than `first`.

    `key` are positions among the cells, None for all of them. `numbered` rows know their place in the file as `row`.
    Returns how many rows each table has.
    """
    sides = [first, *others]
    on = range(len(first.cells)) if key is None else key
    buckets = _buckets(max(side.file.bytes for side in sides))
    counts = [_add_up(duck, side, on, buckets) for side in sides]
    found = " UNION ".join(_differing(first.name, side.name) for side in others)
    duck.run(f"CREATE TEMP TABLE differing AS {found}")
    for side in sides:
        _fetch(duck, side, on, buckets, numbered=numbered)
    return counts


def _buckets(size: int) -> int:
    wanted = size // (_BYTES_PER_ROW * _ROWS_PER_BUCKET)
    return min(_MOST, max(_FEWEST, 1 << wanted.bit_length()))


def _bucket(side: Side, on: Sequence[int], buckets: int) -> str:
    return f"hash({listed([side.cells[at] for at in on])}) % {buckets}"


def _add_up(duck: Duck, side: Side, on: Sequence[int], buckets: int) -> int:
    """The sums of a table's buckets; how many rows it has."""
    bucket = f"{_bucket(side, on, buckets)} AS bucket"
    whole = f"hash({listed(side.cells)}) AS whole"
    duck.run(
        f"CREATE TEMP TABLE {side.name}_sums AS SELECT bucket, sum(whole) AS total, count(*) AS rows"
        f" FROM ({side.file.select([bucket, whole])}) GROUP BY bucket"
    )
    return int(duck.one(f"SELECT coalesce(sum(rows), 0) FROM {side.name}_sums")[0])


def _differing(one: str, other: str) -> str:
    return (
        f"SELECT bucket FROM {one}_sums AS x FULL JOIN {other}_sums AS y USING (bucket)"
        " WHERE x.total IS DISTINCT FROM y.total OR x.rows IS DISTINCT FROM y.rows"
    )


def _fetch(duck: Duck, side: Side, on: Sequence[int], buckets: int, *, numbered: bool) -> None:
    columns = [f"{cell} AS c{at}" for at, cell in enumerate(side.cells)]
    rows = side.file.select([*columns, f"{_bucket(side, on, buckets)} AS bucket"], numbered=numbered)
    duck.run(
        f"CREATE TEMP TABLE {side.name}_rows AS SELECT * EXCLUDE (bucket) FROM ({rows})"
        " WHERE bucket IN (SELECT bucket FROM differing)"
    )
    duck.run(f"DROP TABLE {side.name}_sums")
