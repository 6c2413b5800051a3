"""Plain tables for tests: lists of dicts, written in every format that aidb looks into."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import strategies as st

Row = dict[str, Any]
FORMATS = ("parquet", "csv", "jsonl")
COLUMNS = ("id", "label", "score")

LABELS = st.sampled_from(["cat", "dog", 'a "b", c', "two\nlines", "é", " x "])
ROWS = st.dictionaries(
    st.integers(0, 12),
    st.tuples(LABELS, st.none() | st.integers(-2, 2)),
    min_size=1,
    max_size=12,
).map(lambda rows: [{"id": key, "label": label, "score": score} for key, (label, score) in rows.items()])
"""Tables of a unique `id`, a text and a number that may be missing."""


def write(rows: list[Row], form: str, folder: Path) -> bytes:
    """The rows as a file of the format."""
    if form == "csv":
        return write_csv(rows)
    if form == "jsonl":
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    return write_parquet(rows, folder)


def write_csv(rows: list[Row]) -> bytes:
    """With a header, an empty field for None."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def write_parquet(rows: list[Row], folder: Path) -> bytes:
    """As whole numbers and texts."""
    path = folder / "written.parquet"
    with duckdb.connect() as db:
        kinds = {column: "VARCHAR" if column == "label" else "BIGINT" for column in rows[0]}
        db.execute(f"CREATE TABLE t ({', '.join(f'{name} {kind}' for name, kind in kinds.items())})")
        for row in rows:
            db.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(row))})", list(row.values()))
        db.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def read(data: bytes, form: str, folder: Path) -> list[Row]:
    """The rows of a file that was written by `write`, or merged from such files."""
    if form == "jsonl":
        return [json.loads(line) for line in data.splitlines() if line.strip()]
    if form == "csv":
        return [_row(row) for row in csv.DictReader(io.StringIO(data.decode(), newline=""))]
    path = folder / "read.parquet"
    path.write_bytes(data)
    with duckdb.connect() as db:
        rows = db.execute(f"SELECT * FROM read_parquet('{path}')").fetchall()
        names = [column[0] for column in db.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _row(row: dict[str, str]) -> Row:
    return {name: value if name == "label" else int(value) if value else None for name, value in row.items()}
