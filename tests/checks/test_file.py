"""`.aidbchecks.toml` is read strictly, and says where it is wrong."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.checks.file import MAX_SIZE, parse_checks
from aidb.errors import InvalidInputError

EVERYTHING = """
[[check]]
name = "everything"
on = ["pre-merge"]
branches = ["main", "release/*"]
paths = ["train/**", "!train/tmp/"]
hint = "ask Ada"
max_size = "1.5 GiB"
min_size = 1
suffixes = [".csv"]
format = "csv"
must_exist = ["README.md"]
max_files = 10
delimiter = ";"
schema = {id = "int64", label = "string"}
extra = false
rows = {min = 1}
unique = ["id", ["user", "day"]]
not_null = ["id"]
values = {label = ["cat", "dog"], score = {min = 0, max = 1.5}, day = {min = "2026-01-01"}}
command = "python validate.py"
entry = "checks.images:validate"
needs = ["checks/"]
timeout = 2.5
"""


def test_every_key() -> None:
    (check,) = parse_checks(EVERYTHING.encode())
    assert (check.name, check.hint, check.selection.on) == ("everything", "ask Ada", ("pre-merge",))
    assert check.selection.branches == ("main", "release/*")
    assert check.rules == [
        "at least 1 B and at most 1.5 GiB",
        "named *.csv",
        "readable as csv",
        (
            "columns id int64, label string; no other column; at least 1 rows; id unique; user and day unique; "
            "id never null; label one of cat, dog; score 0 to 1.5; day at least 2026-01-01"
        ),
        "README.md exists",
        "at most 10 files",
        "`python validate.py` agrees",
        "checks.images:validate finds nothing",
    ]


def test_no_checks_is_fine() -> None:
    assert parse_checks(b"# nothing yet") == []


def test_names_come_from_the_position() -> None:
    checks = parse_checks(b"[[check]]\nmax_files = 1\n[[check]]\nmax_files = 2\n")
    assert [check.name for check in checks] == ["check 1", "check 2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[check]", "Expected"),
        ("check = 3", "Expected `array`, got `int` - at `$.check`"),
        ("[[chekc]]\nmax_size = 3", "unknown field `chekc`"),
        ("[[check]]\nmax_sise = 3", "unknown field `max_sise` - at `$.check[0]`"),
        ("[[check]]\nmax_files = 'many'", "Expected `int | null`, got `str` - at `$.check[0].max_files`"),
        ("[[check]]\non = ['post-commit']", "Invalid enum value 'post-commit'"),
        ("[[check]]\nformat = 'docx'", "docx"),
        ("[[check]]\nname = 'a'", "a: it asks for nothing"),
        ("[[check]]\nmax_size = '3 apples'", "check 1: '3 apples' is not a size"),
        ("[[check]]\nschema = {a = 'int'}", "'int' is no type of a column"),
        ("[[check]]\nvalues = {a = {}}", "a range needs min, max or both"),
        ("[[check]]\nvalues = {a = {min = 1, max = '2026-01-01'}}", "both of one kind"),
        ("[[check]]\nvalues = {a = {min = 'soon'}}", "'soon' is neither a number nor a time"),
        ("[[check]]\nrows = {min = 1.5}", "a range needs"),
        ("[[check]]\nmust_exist = ['../x']", "which could leave the workspace"),
        ("[[check]]\nneeds = ['/etc']", "is absolute"),
        ("[[check]]\ndelimiter = ';;'\nnot_null=['a']", "cannot part the fields"),
        ("[[check]]\npaths = ['!']\nmax_files = 1", "a pattern in ['!'] cannot be read"),
        ("[[check]]\nname='a'\nmax_files=1\n[[check]]\nname='a'\nmax_files=1", "two checks are called 'a'"),
        ("#" * (MAX_SIZE + 1), "larger than"),
        ("[[check]]\nmax_files = 1\n" * 1001, "more than 1,000 checks"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^\.aidbchecks\.toml cannot be read: ") as caught:
        parse_checks(text.encode())
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert "docs/spec/checks.md" in caught.value.hints[-1]


@given(st.binary(max_size=200))
def test_nothing_but_our_own_error_comes_out(data: bytes) -> None:
    with contextlib.suppress(InvalidInputError):
        parse_checks(data)
