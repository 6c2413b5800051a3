"""The tables of the catalog. The catalog is derived: whoever finds another `SCHEMA` builds it anew."""

from __future__ import annotations

SCHEMA = 2

RUNS = """
    run INTEGER, id VARCHAR, name VARCHAR, experiment VARCHAR, status VARCHAR,
    started DOUBLE, ended DOUBLE, duration DOUBLE,
    "user" VARCHAR, host VARCHAR, "commit" VARCHAR, notes VARCHAR, parent VARCHAR, command VARCHAR, error VARCHAR,
    tags VARCHAR[], steps BIGINT, points BIGINT
"""
SUMMARIES = """
    run INTEGER, "key" VARCHAR, "last" DOUBLE, last_step BIGINT, "first" DOUBLE, "min" DOUBLE, min_step BIGINT,
    "max" DOUBLE, max_step BIGINT, best DOUBLE, best_step BIGINT, mean DOUBLE, "count" BIGINT, nans BIGINT
"""
DATA = """
    run INTEGER, direction VARCHAR, "commit" VARCHAR, path VARCHAR, revision VARCHAR, step BIGINT, "time" DOUBLE
"""
"""Which data a run read and wrote: `direction` is `read` or `write`."""
TABLES = {
    "runs": RUNS,
    "params": 'run INTEGER, "key" VARCHAR, number DOUBLE, text VARCHAR, truth BOOLEAN, json VARCHAR',
    "summaries": SUMMARIES,
    "artifacts": 'run INTEGER, kind VARCHAR, name VARCHAR, step BIGINT, "time" DOUBLE, json VARCHAR',
    "data": DATA,
    "problems": "run INTEGER, writer VARCHAR, problem VARCHAR",
}
"""Tables with a column `run`: what is known of a run is replaced as a whole."""

BOOKS = {
    "keys": '"key" INTEGER, name VARCHAR',
    "segments": "file VARCHAR, points BIGINT, first_run INTEGER, last_run INTEGER",
    "records": "run INTEGER, record BLOB",
    "books": "schema INTEGER, seen BLOB",
}
"""Tables of the catalog's own affairs. `seen` says how every journal looked when it was read."""

POINTS = 'run INTEGER, "key" INTEGER, step BIGINT, "time" DOUBLE, "value" DOUBLE'
"""Sorted by key, run, step, time."""
PACKED = 'run INTEGER, "key" INTEGER, step BIGINT, clock BIGINT, "value" DOUBLE'
"""Points as a segment has them. `clock` is the 64 bits of the time: integers are kept as differences, in a quarter of
the bytes."""
BINS = """
    run INTEGER, "key" INTEGER, first_step BIGINT, first_time DOUBLE, "first" DOUBLE,
    last_step BIGINT, last_time DOUBLE, "last" DOUBLE, "min" DOUBLE, min_step BIGINT, min_time DOUBLE,
    "max" DOUBLE, max_step BIGINT, max_time DOUBLE, total DOUBLE, numbers BIGINT
"""
"""A bin stands for `bins.SIZE` neighbouring points of a long series; `numbers` of them are not NaN."""
SEGMENT = {"packed": PACKED, "bins": BINS}
UNPACKED = """
    CREATE VIEW points AS SELECT run, "key", step, clock::BIT::DOUBLE AS "time", "value" FROM packed;
"""
"""The points of a segment."""


def create(tables: dict[str, str], schema: str = "") -> str:
    """The statements that make tables, in a schema if one is named."""
    place = f"{schema}." if schema else ""
    return "".join(f"CREATE TABLE {place}{name} ({columns});" for name, columns in tables.items())


def column_names(table: str) -> list[str]:
    """The columns of one of `TABLES`, in order."""
    return [part.split()[0].strip('"') for part in TABLES[table].split(",")]
