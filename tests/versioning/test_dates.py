from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.errors import InvalidInputError
from aidb.versioning.dates import parse_span, parse_when

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("now", timedelta(0)),
        ("yesterday", timedelta(days=1)),
        ("2 weeks ago", timedelta(weeks=2)),
        ("a day ago", timedelta(days=1)),
        ("an hour ago", timedelta(hours=1)),
        ("3.days.ago", timedelta(days=3)),
        ("today", timedelta(hours=15, minutes=30)),
    ],
)
def test_relative(text: str, back: timedelta) -> None:
    assert parse_when(text, NOW) == NOW - back
    assert parse_when(f" {text.upper()} ", NOW) == NOW - back


def test_absolute() -> None:
    assert parse_when("2026-11-01T12:30:00+02:00") == datetime(2026, 11, 1, 10, 30, tzinfo=UTC)
    assert parse_when("2026-11-01").tzinfo is not None
    assert parse_when("2026-11-01 12:30").hour == 12


@pytest.mark.parametrize("text", ["", "tomorrowish", "2026-13-01", "5 parsecs ago", "-1 days ago"])
def test_not_a_time(text: str) -> None:
    with pytest.raises(InvalidInputError, match="point in time"):
        parse_when(text)


@given(st.text() | st.from_regex(r"\d{1,9} (second|year)s ago", fullmatch=True))
def test_anything_is_a_time_or_a_clear_error(text: str) -> None:
    with contextlib.suppress(InvalidInputError):
        assert parse_when(text, NOW).tzinfo is not None


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2w", timedelta(weeks=2)),
        ("14d", timedelta(days=14)),
        (" 36 Hours ", timedelta(hours=36)),
        ("90 minutes", timedelta(minutes=90)),
        ("1 day", timedelta(days=1)),
        ("5s", timedelta(seconds=5)),
        ("0", timedelta(0)),
        ("now", timedelta(0)),
    ],
)
def test_spans(text: str, span: timedelta) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "5", "d", "-1d", "2 fortnights", "999999y", "1.5h"])
def test_not_a_span(text: str) -> None:
    with pytest.raises(InvalidInputError, match="length of time"):
        parse_span(text)
