"""Reflogs as bytes."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from aidb.types import CommitId
from aidb.versioning.commits import Person
from aidb.versioning.reflog import ReflogEntry, checkout_reason, format_line, parse_lines, previous_branches
from tests.versioning.history import ADA, START
from tests.versioning.test_commits import ids, people, times

reasons = st.text(st.characters(exclude_categories=("Cs", "Cc"))).map(lambda text: " ".join(text.split()))


@given(st.none() | ids, st.none() | ids, people, times, reasons)
def test_lines_round_trip(
    old: CommitId | None, new: CommitId | None, person: Person, time: datetime, reason: str
) -> None:
    if "\t" in person.name + person.email:
        return
    line = format_line(old, new, person, time, reason)
    if (old or "").startswith("0" * 40) or (new or "").startswith("0" * 40):
        return
    assert parse_lines(line) == [ReflogEntry(old, new, person, time, reason)]


def test_a_reason_stays_on_its_line() -> None:
    line = format_line(None, CommitId("1" * 40), ADA, START, "commit: a\nb\tc\r\n" + "0" * 40)
    assert line.count(b"\n") == 1
    assert parse_lines(line)[0].reason == "commit: a b c " + "0" * 40


@given(st.binary(max_size=300))
def test_damaged_lines_are_skipped(noise: bytes) -> None:
    good = format_line(None, CommitId("1" * 40), ADA, START, "commit: first")
    assert parse_lines(good + noise.replace(b"\n", b"") + b"\n" + good)[0].reason == "commit: first"


def test_previous_branches_newest_first() -> None:
    def moved(before: str, after: str) -> ReflogEntry:
        return ReflogEntry(None, None, ADA, START, checkout_reason(before, after))

    log = [moved("b", "c"), ReflogEntry(None, None, ADA, START, "commit: x"), moved("a/x", "b")]
    assert previous_branches(log) == ["b", "a/x"]
