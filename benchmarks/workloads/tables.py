"""Two versions of a large Parquet table: the second has other scores in a few rows, spread over the whole of it.

python -m benchmarks.workloads.tables FOLDER --rows 10000000 --changes 1000
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

_COLUMNS = (
    "i AS id, 'train/' || (i % 1000) || '/' || i || '.jpg' AS path, 'class ' || (hash(i) % 50) AS label,"
    " (hash(i) % 1000) / 1000 AS score, (hash(i, 1) % 100000)::INTEGER AS width,"
    " DATE '2026-01-01' + (hash(i, 2) % 300)::INTEGER AS day, hash(i, 3) / 1e19 AS weight, i % 2 = 0 AS checked"
)


def make(folder: Path, rows: int, changes: int) -> None:
    """Write `old.parquet` and `new.parquet`."""
    folder.mkdir(parents=True)
    step = max(1, rows // changes)
    changed = f"CASE WHEN id % {step} = {step // 2} THEN score + 1 ELSE score END AS score"
    with duckdb.connect() as db:
        table = f"(SELECT {_COLUMNS} FROM range({rows}) t(i))"
        for name, select in (("old", "*"), ("new", f"* REPLACE ({changed})")):
            target = str(folder / f"{name}.parquet").replace("'", "''")
            db.execute(
                f"COPY (SELECT {select} FROM {table}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
            )


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--changes", type=int, required=True)
    given = parser.parse_args()
    make(given.folder, given.rows, given.changes)


if __name__ == "__main__":
    _main()
