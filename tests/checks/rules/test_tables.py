"""Rules about columns and rows, the same for every format, against plain Python."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.checks.tables import open_table
from aidb.errors import UnreadableContentError
from aidb.inside.content import WorkingFile
from tests.checks.conftest import Guarded

duckdb = pytest.importorskip("duckdb")

Row = dict[str, Any]
ROWS: list[Row] = [
    {"id": 1, "label": "cat", "score": 0.5, "day": "2026-01-01"},
    {"id": 2, "label": "dog", "score": 1.0, "day": "2026-02-01"},
    {"id": 3, "label": "dog", "score": 0.0, "day": "2026-03-01"},
]
KINDS = ["csv", "tsv", "jsonl", "parquet", "csv.gz"]


def table(kind: str, rows: list[Row], folder: Path) -> bytes:
    """These rows in a format."""
    if kind == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    if kind == "parquet":
        source, made = folder / "source.jsonl", folder / "made.parquet"
        source.write_bytes(table("jsonl", rows, folder))
        query = f"SELECT id::BIGINT id, label::VARCHAR AS label, score::DOUBLE score, day::DATE AS day FROM '{source}'"
        duckdb.connect().execute(f"COPY ({query}) TO '{made}' (FORMAT parquet)")
        return made.read_bytes()
    out = io.StringIO()
    writer = csv.DictWriter(out, list(ROWS[0]), delimiter="\t" if kind == "tsv" else ",")
    writer.writeheader()
    writer.writerows(rows)
    data = out.getvalue().encode()
    return gzip.compress(data) if kind.endswith(".gz") else data


RULES = """
paths = ["table.*"]
schema = {id = "int64", label = "string", score = "float64", day = "date"}
extra = false
unique = ["id", ["label", "score"]]
not_null = ["label"]
values = {label = ["cat", "dog"], score = {min = 0, max = 1}, day = {min = "2026-01-01"}}
rows = {min = 2, max = 100}
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_that_is_right(guarded: Guarded, kind: str, tmp_path: Path) -> None:
    guarded.check(RULES)
    guarded.add(f"table.{kind}", table(kind, ROWS, tmp_path))
    assert guarded.found() == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_wrong_is_named_with_its_rows(guarded: Guarded, kind: str, tmp_path: Path) -> None:
    bad: list[Row] = [
        {"id": 1, "label": "dgo", "score": 1.5, "day": "2025-12-31"},
        {"id": 1, "label": None, "score": -1.0, "day": "2026-01-01"},
    ]
    guarded.check(RULES)
    guarded.add(f"table.{kind}", table(kind, ROWS + bad, tmp_path))
    name = f"table.{kind}"
    text = kind != "parquet"
    one, low, high = ("'1'", "'-1.0'", "'1.5'") if text else ("1", "-1.0", "1.5")
    day = "'2025-12-31'" if text else "datetime.date(2025, 12, 31)"
    assert guarded.found() == [
        f"{name}: label has no value in 1 row [it: not_null]",
        "row 5",
        f"{name}: label is not one of cat, dog in 1 row [it: values]",
        "row 4: 'dgo'",
        f"{name}: score is not 0 to 1 in 2 rows [it: values]",
        f"row 4: {high}",
        f"row 5: {low}",
        f"{name}: day is not at least 2026-01-01 in 1 row [it: values]",
        f"row 4: {day}",
        f"{name}: id is not unique: 1 value repeats [it: unique]",
        f"{one} in 3 rows",
    ]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_values_that_have_the_wrong_type(guarded: Guarded, kind: str, tmp_path: Path) -> None:
    bad: list[Row] = [{"id": "x", "label": "cat", "score": "high", "day": "someday"}]
    guarded.check('paths = ["table.*"]\nschema = {id = "int64", score = "float64", day = "date"}')
    guarded.add(f"table.{kind}", table(kind, ROWS + bad, tmp_path))
    assert [line for line in guarded.found() if line.startswith("row")] == [
        "row 4: 'x'",
        "row 4: 'high'",
        "row 4: 'someday'",
    ]


def test_json_is_as_strict_as_its_types(guarded: Guarded) -> None:
    guarded.check('paths = ["*.jsonl"]\nschema = {n = "int64", t = "string", b = "bool", f = "float32"}')
    lines = ['{"n": 1, "t": "a", "b": true, "f": 1}', '{"n": "1", "t": 2, "b": "true", "f": 0.5}', "{}"]
    guarded.add("a.jsonl", "\n".join(lines))
    assert guarded.found() == [
        "a.jsonl: n is no int64 in 1 row [it: schema]",
        "row 2: '1'",
        "a.jsonl: t is no string in 1 row [it: schema]",
        "row 2: '2'",
        "a.jsonl: b is no bool in 1 row [it: schema]",
        "row 2: 'true'",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_columns(guarded: Guarded, kind: str, tmp_path: Path) -> None:
    guarded.check(
        'paths = ["table.*"]\nschema = {id = "string", size = "int8"}\nextra = false\nnot_null = ["name"]'
    )
    guarded.add(f"table.{kind}", table(kind, ROWS, tmp_path))
    found = guarded.found()
    name = f"table.{kind}"
    at = found.index(f"{name}: has no column name, size [it: schema]")
    assert set(found[at + 1].removeprefix("columns: ").split(", ")) == {"id", "label", "score", "day"}
    assert found[at + 2].startswith(f"{name}: has columns that the schema does not name: ")
    if kind == "parquet":
        assert found[0] == f"{name}: column id is int64, not string [it: schema]"


def test_rows(guarded: Guarded, tmp_path: Path) -> None:
    guarded.check('paths = ["*.csv"]\nrows = {min = 1, max = 2}')
    guarded.add("none.csv", "id\n")
    guarded.add("many.csv", "id\n1\n2\n3\n")
    assert guarded.found() == [
        "many.csv: has 3 rows, allowed are 1 to 2 [it: rows]",
        "none.csv: has 0 rows, allowed are 1 to 2 [it: rows]",
    ]


def test_names_are_not_taken_for_patterns_or_sql(guarded: Guarded) -> None:
    guarded.check("""paths = ["*.csv"]\nnot_null = ['a"b', "it's"]""")
    guarded.add("[x]*.csv", """"a""b",it's\n1,\n""")
    guarded.add("x.csv", """"a""b",it's\n,1\n""")
    assert guarded.found() == [
        "[x]*.csv: it's has no value in 1 row [it: not_null]",
        "row 1",
        'x.csv: a"b has no value in 1 row [it: not_null]',
        "row 1",
    ]


def test_a_table_must_be_one(guarded: Guarded) -> None:
    guarded.check('paths = ["data.*"]\nnot_null = ["a"]')
    guarded.add("data.bin", b"")
    guarded.add("data.parquet", b"nothing of the kind")
    unknown, broken = guarded.found()
    assert unknown == (
        "data.bin: is no table by its name: say which format, one of csv, jsonl, parquet, tsv [it: format]"
    )
    assert broken.startswith("data.parquet: is not readable as parquet: ")


def test_the_format_can_be_said(guarded: Guarded) -> None:
    guarded.check('paths = ["data"]\nformat = "csv"\ndelimiter = ";"\nvalues = {n = [1, 2]}')
    guarded.add("data", "m;n\n1;1\n1;2.0\n1;3\n1;x\n")
    assert guarded.found() == [
        "data: n is not one of 1, 2 in 2 rows [it: values]",
        "row 3: '3'",
        "row 4: 'x'",
    ]


def test_too_many_keys(tmp_path: Path) -> None:
    folder = tmp_path
    file = folder / "many.jsonl"
    file.write_text("".join(f'{{"k{number}": 1}}\n' for number in range(2001)))
    with (
        pytest.raises(UnreadableContentError, match="more than 2,000 different keys"),
        open_table(WorkingFile(file, lambda: folder), "jsonl", scratch=tmp_path),
    ):
        pass


ANY_ROW = st.fixed_dictionaries(
    {
        "id": st.integers(-5, 5),
        "label": st.sampled_from(["a", "b", "", 'ü,"x', None]),
        "n": st.integers(-3, 3),
    }
)


@settings(max_examples=25)
@given(rows=st.lists(ANY_ROW, min_size=1, max_size=12), kind=st.sampled_from(["csv", "jsonl"]))
def test_as_plain_python_counts(rows: list[Row], kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("model")
    file = folder / f"t.{kind}"
    if kind == "csv":
        with open(file, "w", newline="") as out:
            writer = csv.DictWriter(out, ["id", "label", "n"])
            writer.writeheader()
            writer.writerows(rows)
    else:
        file.write_bytes(table("jsonl", rows, folder))
    absent = (None, "") if kind == "csv" else (None,)
    with open_table(WorkingFile(file, lambda: folder), kind, scratch=folder) as opened:
        asked = [
            opened.nulls("label"),
            opened.outside("n", -1, 2, "-1 to 2"),
            opened.not_among("label", ["a"]),
        ]
        answers = opened.ask(asked)
        repeated, _ = opened.repeated(("id", "n"))
    assert answers.rows == len(rows)
    counts = {answer.question: answer.rows for answer in answers.broken}
    assert counts.get(asked[0], 0) == sum(row["label"] in absent for row in rows)
    assert counts.get(asked[1], 0) == sum(not -1 <= row["n"] <= 2 for row in rows)
    assert counts.get(asked[2], 0) == sum(row["label"] not in (*absent, "a") for row in rows)
    assert repeated == sum(count > 1 for count in Counter((row["id"], row["n"]) for row in rows).values())
    assert list(folder.iterdir()) == [file]
