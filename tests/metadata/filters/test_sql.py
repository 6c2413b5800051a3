"""The SQL of a filter keeps the rows that a plain evaluator of its tree keeps."""

from __future__ import annotations

import math
import operator
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.errors import FilterError
from aidb.metadata import duck
from aidb.metadata.filters import (
    And,
    Compare,
    Field,
    Has,
    In,
    IsNaN,
    IsNull,
    Like,
    Match,
    Node,
    Not,
    Or,
    parse,
)
from aidb.metadata.filters.sql import Columns, compile_filter

Run = dict[str, Any]

P, M, NAME = Field("params", "p"), Field("metrics", "m", "last"), Field("run", "name")
NUMBERS = st.sampled_from([-1, 0, 1, 1.5, math.inf, -math.inf])
TEXTS = st.sampled_from(["", "a", "ab", "b"])
VALUES = NUMBERS | TEXTS | st.booleans()
RUNS = st.fixed_dictionaries(
    {
        "p": st.none() | VALUES | st.just(math.nan),
        "m": st.none() | NUMBERS.map(float) | st.just(math.nan),
        "name": st.none() | TEXTS,
        "tags": st.lists(TEXTS, max_size=2),
    }
)
OPERATORS: Any = st.sampled_from(["<", "<=", ">", ">=", "=", "!="])
TESTS = st.one_of(
    st.builds(Compare, st.just(P), OPERATORS, VALUES),
    st.builds(Compare, st.just(M), OPERATORS, NUMBERS),
    st.builds(Compare, st.just(NAME), OPERATORS, TEXTS),
    st.builds(In, st.just(P), st.lists(VALUES, min_size=1, max_size=3).map(tuple)),
    st.builds(Like, st.sampled_from([P, NAME]), st.sampled_from(["a%", "_", "%b", ""])),
    st.builds(Match, st.sampled_from([P, NAME]), st.sampled_from(["^a", "b$", "", "a|b"])),
    st.builds(Has, TEXTS),
    st.builds(IsNull, st.sampled_from([P, M, NAME])),
    st.builds(IsNaN, st.sampled_from([P, M, NAME])),
)
NODES: st.SearchStrategy[Node] = st.recursive(
    TESTS,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(And, st.tuples(inner, inner))
        | st.builds(Or, st.tuples(inner, inner))
    ),
    max_leaves=4,
)
COMPARE = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
LIKE = {"a%": "a.*", "_": ".", "%b": ".*b", "": ""}


def keeps(node: Node, run: Run) -> bool:
    match node:
        case And(parts):
            return all(keeps(part, run) for part in parts)
        case Or(parts):
            return any(keeps(part, run) for part in parts)
        case Not(part):
            return not keeps(part, run)
        case Has(tag):
            return tag in run["tags"]
        case IsNull(field):
            return run[field.key] is None
        case IsNaN(field):
            return isinstance(run[field.key], float) and math.isnan(run[field.key])
        case Compare(field, sign, value):
            return compares(run[field.key], sign, value)
        case In(field, values):
            return any(compares(run[field.key], "=", value) for value in values)
        case Like(field, pattern):
            return isinstance(run[field.key], str) and bool(re.fullmatch(LIKE[pattern], run[field.key]))
        case Match(field, pattern):
            return isinstance(run[field.key], str) and bool(re.search(pattern, run[field.key]))


def compares(found: Any, sign: str, value: Any) -> bool:
    kinds = [
        bool if isinstance(one, bool) else str if isinstance(one, str) else float for one in (found, value)
    ]
    if found is None or kinds[0] is not kinds[1] or (kinds[0] is float and math.isnan(found)):
        return False
    return bool(COMPARE[sign](found, value))


def columns(field: Field) -> Columns:
    return {
        "p": Columns("p_number", "p_text", "p_truth"),
        "m": Columns(number="m"),
        "name": Columns(text="name"),
        "started": Columns(number="m"),
    }[field.key]


def kept(node: Node, runs: list[Run]) -> list[int]:
    condition = compile_filter(node, columns, tags="tags", now=datetime.now(UTC))
    connection = duck.connect()
    try:
        connection.execute(
            "CREATE TABLE t (place INTEGER, p_number DOUBLE, p_text VARCHAR, p_truth BOOLEAN, m DOUBLE, "
            "name VARCHAR, tags VARCHAR[])"
        )
        for at, run in enumerate(runs):
            p = run["p"]
            number = float(p) if isinstance(p, int | float) and not isinstance(p, bool) else None
            text, truth = (p if isinstance(p, str) else None), (p if isinstance(p, bool) else None)
            row = [at, number, text, truth, run["m"], run["name"], run["tags"]]
            connection.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        sql = f"SELECT place FROM t WHERE {condition.sql} ORDER BY place"
        return [at for (at,) in connection.execute(sql, condition.parameters).fetchall()]
    finally:
        connection.close()


@settings(max_examples=60, deadline=None)
@given(NODES, st.lists(RUNS, min_size=1, max_size=4))
def test_sql_keeps_what_the_filter_means(node: Node, runs: list[Run]) -> None:
    assert kept(node, runs) == [at for at, run in enumerate(runs) if keeps(node, run)]


def test_times_are_read_as_people_write_them() -> None:
    node = parse("started > '2026-01-02' and duration < '2h'")
    assert node is not None
    found = compile_filter(
        node, lambda field: Columns(number=field.key), tags="tags", now=datetime(2026, 5, 1, tzinfo=UTC)
    )
    assert list(found.parameters.values())[1] == 7200.0


def test_a_time_that_is_none_is_pointed_at() -> None:
    source = "started > 'soonish'"
    node = parse(source)
    assert node is not None
    with pytest.raises(FilterError) as caught:
        compile_filter(node, columns, tags="tags", now=datetime.now(UTC), source=source)
    assert caught.value.at == 10


def test_values_are_never_part_of_the_statement() -> None:
    node = parse('name = "\'; DROP TABLE t; --"')
    assert node is not None
    found = compile_filter(node, columns, tags="tags", now=datetime.now(UTC))
    assert "DROP" not in found.sql
