"""Merging tables by row and cell: the outcome agrees with a plain model, and bytes that nobody changed stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.errors import UnreadableContentError
from aidb.inside.tables.files import Format
from aidb.inside.tables.merge import MergedTable, TableConflict, Versions, merge_tables
from tests.inside.conftest import Make
from tests.inside.tables import FORMATS, ROWS, Row, read, write, write_csv

Merge = Any


@pytest.fixture(scope="module")
def merge(stored: Make, scratch: Path) -> Merge:
    """Merges three byte strings: the outcome, and the merged bytes."""

    def run(
        base: bytes, ours: bytes, theirs: bytes, form: Format = "csv", key: tuple[str, ...] = ("id",)
    ) -> tuple[MergedTable | TableConflict, bytes]:
        target = scratch / "merged"
        target.unlink(missing_ok=True)
        versions = Versions(stored(base), stored(ours), stored(theirs), f"t.{form}", form)
        outcome = merge_tables(versions, key, scratch, target)
        return outcome, target.read_bytes() if target.exists() else b""

    return run


def model(base: list[Row], ours: list[Row], theirs: list[Row]) -> list[Row] | set[int]:
    """The merged rows, or the ids of the rows in conflict."""
    b, o, t = ({row["id"]: row for row in rows} for rows in (base, ours, theirs))
    merged: dict[int, Row | None] = {}
    conflicts = set()
    for key in [
        *o,
        *(key for key in t if key not in o),
        *(key for key in b if key not in o and key not in t),
    ]:
        one, mine, other = b.get(key), o.get(key), t.get(key)
        if other == one or mine == other:
            merged[key] = mine
        elif mine == one:
            merged[key] = other
        elif one is None or mine is None or other is None:
            conflicts.add(key)
        else:
            merged[key] = {c: other[c] if mine[c] == one[c] else mine[c] for c in one}
            if any(len({str(row[c]) for row in (one, mine, other)}) == 3 for c in one):
                conflicts.add(key)
    return conflicts or [row for row in merged.values() if row is not None]


@settings(max_examples=60)
@given(st.sampled_from(FORMATS), ROWS, st.data())
def test_merge_agrees_with_a_model(
    merge: Merge, scratch: Path, form: Format, base: list[Row], data: st.DataObject
) -> None:
    ours, theirs = data.draw(edited(base)), data.draw(edited(base))
    files = [write(rows, form, scratch) for rows in (base, ours, theirs)]
    outcome, merged = merge(*files, form)
    expected = model(base, ours, theirs)
    if isinstance(expected, set):
        assert isinstance(outcome, TableConflict)
        assert f"id {min(expected)} (" in outcome.message
    else:
        assert isinstance(outcome, MergedTable)
        assert read(merged, form, scratch) == expected


@st.composite
def edited(draw: st.DrawFn, rows: list[Row]) -> list[Row]:
    """A few rows removed, changed and added; at least one stays."""
    result = [dict(row) for row in rows]
    for row in result:
        if draw(st.integers(0, 3)) == 0:
            row["score"] = draw(st.none() | st.integers(5, 7))
        if draw(st.integers(0, 5)) == 0:
            row["label"] = draw(st.sampled_from(["new", "é,", "l\n"]))
    kept = [row for row in result if draw(st.integers(0, 7))] or result[:1]
    added = draw(st.lists(st.integers(20, 24), unique=True, max_size=2))
    return [*kept, *({"id": key, "label": draw(st.sampled_from(["x", ""])), "score": key} for key in added)]


def test_untouched_records_keep_their_bytes(merge: Merge) -> None:
    base = b'id;a;"b"\r\n1;x;1.50\r\n\r\n2;"y";2\r\n3;"z; q";\r\n4;"";4'
    ours = base.replace(b"x;1.50", b"xx;1.50")
    theirs = base.replace(b"1.50", b"9").replace(b'2;"y";2\r\n', b"") + b'\r\n5;"n\nl";""'
    outcome, merged = merge(base, ours, theirs)
    assert outcome == MergedTable(1, 1, 1)
    assert merged == b'id;a;"b"\r\n1;xx;9\r\n\r\n3;"z; q";\r\n4;"";4\r\n5;"n\nl";""'


def test_lines_of_json_keep_their_writing(merge: Merge) -> None:
    base = b'{"id": 1, "a": {"x": 1.00}}\n\n{"id":2,"a":null}\n{"id": 3}\n'
    ours = base.replace(b"null", b"5")
    theirs = base.replace(b'{"id":2', b'{"n": [1], "id":2').replace(b'"id": 3', b'"id":   3, "b": "\xc3\xa9"')
    outcome, merged = merge(base, ours, theirs + b'{"id": 9,   "a": 1}\n', "jsonl")
    assert outcome == MergedTable(1, 0, 2)
    assert merged == (
        b'{"id": 1, "a": {"x": 1.00}}\n\n{"id":2,"a":5,"n":[1]}\n'
        b'{"id":   3, "b": "\xc3\xa9"}\n{"id": 9,   "a": 1}\n'
    )


@pytest.mark.parametrize("swapped", [False, True])
def test_one_side_may_add_columns(merge: Merge, swapped: bool) -> None:
    base = b"id,a\n1,x\n2,y\n3,z\n"
    wide = b"id,new,a\n1,p,x\n2,q,y\n3,r,z\n"
    edited = b"id,a\n1,x\n2,changed\n4,w\n"
    outcome, merged = merge(base, *((edited, wide) if swapped else (wide, edited)))
    assert outcome == MergedTable(1, 1, 1)
    assert merged == b"id,new,a\n1,p,x\n2,q,changed\n4,,w\n"


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ("id,b\n1,x\n2,y\n", "id,c\n1,x\n2,y\n", "columns b, c"),
        ("id,c\n1,x\n2,y\n", "id,a\n1,x\n2,z\n", "ours removed or retyped columns: a"),
        ("id,a\n1,p\n2,q\n", "id,a\n1,r\n2,s\n", "id 1 (a); id 2 (a)"),
        ("id,a\n1,p\n", "id,a\n1,x\n2,s\n", "id 2 (the whole row)"),
        ("id,a\n1,p\n1,y\n", "id,a\n1,x\n2,s\n", "id is no key: 1 stands in 2 rows"),
    ],
)
def test_conflicts(merge: Merge, ours: str, theirs: str, said: str) -> None:
    outcome, merged = merge(b"id,a\n1,x\n2,y\n", ours.encode(), theirs.encode())
    assert (outcome, merged) == (TableConflict(said), b"")


def test_a_version_that_is_no_table(merge: Merge) -> None:
    with pytest.raises(UnreadableContentError, match="it has only one column"):
        merge(b"id,a\n1,x\n", b"id\n1x\n", b"id,a\n1,z\n")


def test_a_key_that_is_no_column(merge: Merge) -> None:
    outcome, _ = merge(b"id,a\n1,x\n", b"id,a\n1,y\n", b"id,a\n1,z\n", "csv", ("no", "id"))
    assert outcome == TableConflict("the key no is no column of it")


def test_many_conflicts_are_counted(merge: Merge) -> None:
    def rows(value: str) -> bytes:
        return write_csv([{"id": n, "a": value} for n in range(10)])

    outcome, _ = merge(rows("x"), rows("y"), rows("z"))
    assert outcome == TableConflict("id 0 (a); id 1 (a); id 2 (a) and 7 more")


def test_large_files_are_spliced_in_windows(merge: Merge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aidb.inside.tables.splice._WINDOW", 1000)
    rows = [{"id": n, "label": f'row "{n}",\nof many', "score": n} for n in range(2000)]
    ours = [dict(row) for row in rows]
    ours[500]["score"] = -1
    theirs = [dict(row) for row in rows if row["id"] != 1500]
    theirs[700]["score"] = -2
    theirs[500]["label"] = "both"
    outcome, merged = merge(write_csv(rows), write_csv(ours), write_csv(theirs))
    expected = [dict(row) for row in ours if row["id"] != 1500]
    expected[700]["score"] = -2
    expected[500]["label"] = "both"
    assert outcome == MergedTable(0, 1, 2)
    assert merged == write_csv(expected)


def parquet(select: str, folder: Path, options: str = "") -> bytes:
    path = folder / "made.parquet"
    duckdb.sql(f"COPY ({select}) TO '{path}' (FORMAT parquet {options})")
    return path.read_bytes()


def asked(sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as db:
        return db.execute(sql).fetchall()


def test_parquet_keeps_types_compression_and_metadata(merge: Merge, scratch: Path) -> None:
    columns = (
        "i AS id, (i % 200)::UTINYINT AS tiny, (i * 1.25)::DECIMAL(9, 3) AS price, DATE '2026-01-01' + i::INT AS day,"
        " TIMESTAMP '2026-01-01' AS time, [i, i] AS list, {'a': i, 'b': 'x'} AS struct, 'l' || i AS label"
    )
    options = ", COMPRESSION gzip, KV_METADATA {huggingface: '{\"features\": 1}'}"
    make = "SELECT {} FROM range(3000) t(i)"
    base = parquet(make.format(columns), scratch, options)
    ours = parquet(make.format(columns.replace("'l' || i", "if(i = 7, 'ours', 'l' || i)")), scratch, options)
    theirs = parquet(make.format(columns.replace("[i, i]", "if(i = 7, [1], [i, i])")), scratch)
    outcome, merged = merge(base, ours, theirs, "parquet")
    assert outcome == MergedTable(0, 0, 1)
    path = scratch / "result.parquet"
    path.write_bytes(merged)
    types = asked(f"DESCRIBE FROM '{path}'")
    (scratch / "ours.parquet").write_bytes(ours)
    assert types == asked(f"DESCRIBE FROM '{scratch / 'ours.parquet'}'")
    assert asked(f"SELECT list, label FROM '{path}' WHERE id = 7") == [([1], "ours")]
    assert asked(f"SELECT DISTINCT compression FROM parquet_metadata('{path}')") == [("GZIP",)]
    metadata = asked(f"SELECT key, value FROM parquet_kv_metadata('{path}')")
    assert metadata == [(b"huggingface", b'{"features": 1}')]


def test_types_that_would_be_lost_are_refused(merge: Merge, scratch: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet as pq

    def file(label: str) -> bytes:
        table = pyarrow.table(
            {"id": [1, 2], "label": [label, "b"], "when": pyarrow.array([1, 2], pyarrow.timestamp("ms"))}
        )
        pq.write_table(table, scratch / "arrow.parquet")
        return (scratch / "arrow.parquet").read_bytes()

    outcome, _ = merge(file("a"), file("a"), file("c"), "parquet")
    assert outcome == TableConflict(
        "it was merged, but cannot be written: DuckDB would write the type of when differently"
    )
