"""Tables: what is said of two of them agrees with a plain model."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.inside import ChangedRow, Column, Retyped, TableDiff, TextDiff, Unreadable
from tests.inside.conftest import Compare
from tests.inside.tables import FORMATS, ROWS, Row, write, write_parquet


@settings(max_examples=20)
@given(st.sampled_from(FORMATS), ROWS, ROWS)
def test_by_key(compare: Compare, scratch: Path, form: str, old: list[Row], new: list[Row]) -> None:
    found = compare(f"t.{form}", write(old, form, scratch), write(new, form, scratch), ("id",))
    before, after = {row["id"]: row for row in old}, {row["id"]: row for row in new}
    changed = {key for key in before.keys() & after.keys() if before[key] != after[key]}
    assert isinstance(found, TableDiff)
    assert (found.rows_before, found.rows_after) == (len(old), len(new))
    assert found.rows_added == len(after.keys() - before.keys())
    assert found.rows_removed == len(before.keys() - after.keys())
    assert found.rows_changed == len(changed)
    assert {int(row.key["id"] or 0) for row in found.changed} <= changed
    cells = Counter(
        column for key in changed for column in before[key] if before[key][column] != after[key][column]
    )
    assert {column.name: column.cells for column in found.columns if column.cells} == dict(cells)


@settings(max_examples=20)
@given(st.sampled_from(FORMATS), ROWS, ROWS, st.integers(1, 3))
def test_by_content(
    compare: Compare, scratch: Path, form: str, old: list[Row], new: list[Row], times: int
) -> None:
    """Rows that stand several times have no key."""
    old, new = (
        [{**row, "id": row["id"] % 2} for row in old] * times,
        [{**row, "id": row["id"] % 2} for row in new],
    )
    found = compare(f"t.{form}", write(old, form, scratch), write(new, form, scratch), ("id",))
    before = Counter(tuple(row.items()) for row in old)
    after = Counter(tuple(row.items()) for row in new)
    assert isinstance(found, TableDiff)
    if found.key:  # by chance, the few rows that differ have different ids
        assert found.rows_added + found.rows_changed <= (after - before).total()
    else:
        assert found.rows_added == (after - before).total()
        assert found.rows_removed == (before - after).total()
        assert found.rows_changed == 0


def test_a_key_is_guessed_and_that_is_said(compare: Compare, scratch: Path) -> None:
    old = [{"score": 1, "label": f"l{n}", "id": n} for n in range(50)]
    new = [{**row, "score": 2 if row["id"] == 7 else 1} for row in old]
    found = compare("t.csv", write(old, "csv", scratch), write(new, "csv", scratch))
    assert isinstance(found, TableDiff)
    assert (found.key, found.key_guessed) == (("id",), True)
    assert found.changed == (ChangedRow({"id": "7"}, {"score": "1"}, {"score": "2"}),)
    (column,) = found.columns
    assert column.before is not None
    assert column.after is not None
    assert (column.before.mean, column.after.mean, column.after.greatest) == (1.0, 1.02, "2")


def test_a_key_that_is_none(compare: Compare, scratch: Path) -> None:
    old = [{"id": 1, "label": "a"}, {"id": 1, "label": "b"}]
    new = [{"id": 1, "label": "a"}, {"id": 1, "label": "c"}]
    files = write(old, "csv", scratch), write(new, "csv", scratch)
    found = compare("t.csv", *files, ("id",))
    assert isinstance(found, TableDiff)
    assert found.key == ()
    assert found.notes == ("id is no key: 1 stands in 2 rows; rows are compared by content",)
    assert (found.rows_added, found.rows_removed) == (1, 1)
    wrong = compare("t.csv", *files, ("nothing",))
    assert isinstance(wrong, TextDiff | Unreadable)


def test_columns_that_come_go_and_change_type(compare: Compare, scratch: Path) -> None:
    old = [{"id": n, "score": n, "gone": 1} for n in range(20)]
    new = [{"id": n, "score": f"s{n}" if n == 3 else str(n), "label": "x"} for n in range(20)]
    found = compare("t.csv", write(old, "csv", scratch), write(new, "csv", scratch), ("id",))
    assert isinstance(found, TableDiff)
    assert found.columns_added == (Column("label", "VARCHAR"),)
    assert found.columns_removed == (Column("gone", "BIGINT"),)
    assert found.columns_retyped == (Retyped("score", "BIGINT", "VARCHAR"),)
    assert found.rows_changed == 1


def test_parquet_types_are_compared_by_value(compare: Compare, scratch: Path) -> None:
    def file(select: str) -> bytes:
        path = scratch / "types.parquet"
        duckdb.sql(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
        return path.read_bytes()

    rest = "i / 2 AS half, 'nan'::DOUBLE AS odd, [i, NULL] AS list, {'a': i} AS struct FROM range(9) t(i)"
    old, new = file(f"SELECT i::INTEGER AS id, {rest}"), file(f"SELECT i::BIGINT AS id, {rest}")
    found = compare("t.parquet", old, new)
    assert isinstance(found, TableDiff)
    assert found.columns_retyped == (Retyped("id", "INTEGER", "BIGINT"),)
    assert (found.rows_added, found.rows_removed, found.rows_changed) == (0, 0, 0)


def test_order_and_encoding_do_not_matter(compare: Compare, scratch: Path) -> None:
    rows = [{"id": n, "label": f"l{n}", "score": None} for n in range(30)]
    old = write_parquet(rows, scratch)
    new = write_parquet(rows[::-1], scratch)
    found = compare("t.parquet", old, new)
    assert found is not None
    assert found.summary() == "the same rows, ordered or encoded differently"


def test_names_of_columns_are_only_names(compare: Compare) -> None:
    old = b'a"; DROP,file_row_number,c0,"x,y",\n1,2,3,4,5\n2,2,3,4,5\n'
    found = compare("t.csv", old, old.replace(b"1,2,3", b"1,9,3"), ('a"; DROP',))
    assert isinstance(found, TableDiff)
    assert found.changed == (
        ChangedRow({'a"; DROP': "1"}, {"file_row_number": "2"}, {"file_row_number": "9"}),
    )


def test_lines_of_json_may_have_different_keys(compare: Compare) -> None:
    old = b'{"id": 1, "a/b": 1}\n\n{"id": 2, "x": null}\n'
    new = b'{"a/b": 1.0, "id": 1}\n{"id": 2, "x": 5, "y~": [1]}\n'
    found = compare("t.jsonl", old, new, ("id",))
    assert isinstance(found, TableDiff)
    assert found.changed == (
        ChangedRow({"id": "1"}, {"a/b": "1"}, {"a/b": "1.0"}),
        ChangedRow({"id": "2"}, {"x": "null"}, {"x": "5"}),
    )
    assert [column.name for column in found.columns_added] == ["y~"]


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_hostile_tables(compare: Compare, scratch: Path, suffix: str) -> None:
    good = write([{"id": n, "label": "x"} for n in range(100)], suffix, scratch)
    bad = [
        b"",
        b"\0" * 100,
        good[: len(good) // 2] + b"\xff\xfe\0",
        b"PAR1" + b"\xff" * 50 + b"PAR1",
        b"\xff" * 1000,
    ]
    for data in bad:
        found = compare(f"t.{suffix}", good, data)
        assert isinstance(found, Unreadable | TextDiff), data[:40]
        assert "\n" not in found.summary()
        assert "inside-" not in found.summary()


def test_more_than_memory_holds(compare: Compare, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = scratch / "bomb.parquet"
    duckdb.sql(f"COPY (SELECT repeat('x', 60_000_000) AS x) TO '{path}' (COMPRESSION zstd)")
    monkeypatch.setattr("aidb.inside.tables.duck.MEMORY", "64MiB")
    found = compare("t.parquet", write_parquet([{"x": 1}], scratch), path.read_bytes())
    assert found is not None
    assert found.summary() == "cannot look inside: it needs more than 64MiB of memory"


def test_a_few_bytes_that_claim_millions_of_rows(compare: Compare, scratch: Path) -> None:
    path = scratch / "rows.parquet"
    duckdb.sql(f"COPY (SELECT 1 AS x FROM range(51_000_000)) TO '{path}' (ROW_GROUP_SIZE 17_000_000)")
    found = compare("t.parquet", write_parquet([{"x": 1}], scratch), path.read_bytes())
    assert found is not None
    assert found.summary().endswith("claim to hold 51,000,000 rows: a decompression bomb?")
