from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.errors import FilterError
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
    write,
)
from aidb.metadata.filters.fields import RUN_FIELDS, STATISTICS

TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
KEYS = TEXTS.filter(bool) | st.sampled_from(
    ["lr", "val/loss", "a.b", "a.min", "last", "layers.0", "and", "train-x"]
)
METRICS = st.builds(Field, st.just("metrics"), KEYS, st.sampled_from(STATISTICS))
PARAMS = st.builds(Field, st.just("params"), KEYS)
TEXT_FIELDS = st.sampled_from([name for name, kind in RUN_FIELDS.items() if kind == "text"]).map(
    lambda name: Field("run", name)
)
OPERATORS: Any = st.sampled_from(["<", "<=", ">", ">=", "=", "!="])
PARAM_VALUES = NUMBERS | TEXTS | st.booleans()
ANY = METRICS | PARAMS | TEXT_FIELDS
TESTS = st.one_of(
    st.builds(Compare, METRICS, OPERATORS, NUMBERS),
    st.builds(Compare, PARAMS, OPERATORS, PARAM_VALUES),
    st.builds(Compare, TEXT_FIELDS, OPERATORS, TEXTS),
    st.builds(In, PARAMS, st.lists(PARAM_VALUES, min_size=1, max_size=3).map(tuple)),
    st.builds(Like, PARAMS | TEXT_FIELDS, TEXTS),
    st.builds(Match, PARAMS | TEXT_FIELDS, TEXTS),
    st.builds(Has, TEXTS),
    st.builds(IsNull, ANY),
    st.builds(IsNaN, ANY),
)
NODES: st.SearchStrategy[Node] = st.recursive(
    TESTS,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=6,
)


@given(NODES)
def test_a_filter_survives_being_written(node: Node) -> None:
    assert parse(write(node)) == node


LETTERS = st.sampled_from("()<>=!~. \"'\\,and or not in is like metrics.params.ab1-e+")


@given(st.text(LETTERS, max_size=40) | st.text(max_size=20))
def test_any_text_is_read_or_refused_at_a_character(text: str) -> None:
    at = 0
    try:
        parse(text)
    except FilterError as error:
        at = error.at
    assert 0 <= at <= len(text)


def test_what_the_words_mean() -> None:
    lr, loss = Field("params", "lr"), Field("metrics", "val_loss", "min")
    text = 'metrics.val_loss.min < 0.2 and params.lr > 1e-3 and tags has "best" or not run.status == "failed"'
    assert parse(text) == Or(
        (
            And((Compare(loss, "<", 0.2), Compare(lr, ">", 1e-3), Has("best"))),
            Not(Compare(Field("run", "status"), "=", "failed")),
        )
    )


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("", None),
        ("  ", None),
        ("metrics.loss > 1", Compare(Field("metrics", "loss", "last"), ">", 1)),
        ("metrics.train/loss.best_step>-3", Compare(Field("metrics", "train/loss", "best_step"), ">", -3)),
        ('metrics."val/loss".last = 1', Compare(Field("metrics", "val/loss", "last"), "=", 1)),
        ('metrics."a.min" = 1', Compare(Field("metrics", "a.min", "last"), "=", 1)),
        ("metrics.min.min = 1", Compare(Field("metrics", "min", "min"), "=", 1)),
        ("params.optimizer.lr in (1, .5, 'x')", In(Field("params", "optimizer.lr"), (1, 0.5, "x"))),
        ("params.layers.0 is not null", Not(IsNull(Field("params", "layers.0")))),
        ("params.flag = true", Compare(Field("params", "flag"), "=", True)),
        ("name not like 'a%'", Not(Like(Field("run", "name"), "a%"))),
        ("name !~ 'a'", Not(Match(Field("run", "name"), "a"))),
        ("metrics.x = inf", Compare(Field("metrics", "x", "last"), "=", float("inf"))),
        ("params.n = 1_000", Compare(Field("params", "n"), "=", 1000)),
    ],
)
def test_spellings(text: str, node: Node | None) -> None:
    assert parse(text) == node


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("metrics.loss <", 14, "expected a number, not the end"),
        ("metrics.loss < 'a'", 15, "expected a number"),
        ("statu = 'x'", 0, "statu is no field of a run"),
        ("val_loss < 1", 0, "metrics are written"),
        ("metrics < 1", 8, "expected `.` and a name"),
        ("params.lr > 1 params.x = 1", 14, "expected `and`, `or` or the end"),
        ("(params.lr > 1", 14, "expected `and`, `or` or `)`"),
        ("params.lr is 3", 13, "`null`, `nan` or `not`"),
        ('name = "a', 7, "has no end"),
        ("name = finished", 7, "expected a text in quotes"),
        ("started > 3", 10, 'such as "2026-11-01"'),
        ("params.lr > 1 & name = 'a'", 14, "write `and`, `or`"),
        ("metrics.loss ~ 'a'", 13, "only texts"),
        ("tags = 'best'", 5, "`has`"),
        ("not", 3, "expected a field"),
        ("params.lr > 1.2.3", 12, "not a number"),
        ("(" * 60, 50, "more than 50"),
    ],
)
def test_errors_point_at_the_character(text: str, at: int, says: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert caught.value.at == at
    assert says in caught.value.message
    line, caret = caught.value.pointing()
    assert (line, len(caret)) == (text, at + 1)


def test_a_near_name_is_offered() -> None:
    with pytest.raises(FilterError) as caught:
        parse("staus = 'finished'")
    assert caught.value.hints == ("Did you mean status or started?",) or "status" in caught.value.hints[0]


def test_a_filter_is_not_endless() -> None:
    with pytest.raises(FilterError, match="10,000"):
        parse("name = '" + "a" * 10_000 + "'")
