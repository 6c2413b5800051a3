"""Commits as bytes: round trips, and what other programs or bad disks may have written."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.errors import DamagedObjectError, InvalidInputError, UnsupportedFormatError
from aidb.types import CommitId, ObjectId
from aidb.versioning.commits import (
    MAX_MANIFEST_FILE,
    Person,
    clean_message,
    decode_commit,
    decode_links,
    decode_manifest_file,
    decode_tree,
    encode_commit,
    encode_manifest_file,
    encode_tree,
    join_message,
    parse_signature,
    signature,
    split_message,
)

SOME = CommitId("ab" * 20)
ROOT = ObjectId(bytes(range(32)))
CODE = "c0" * 20

plain = st.characters(exclude_characters="<>\n\r\0", exclude_categories=["Cs"])
people = st.builds(Person, st.text(plain).map(str.strip), st.text(plain).map(str.strip))
zones = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.builds(datetime.fromtimestamp, st.integers(0, 2**33), zones)
ids = st.binary(min_size=20, max_size=20).map(lambda raw: CommitId(raw.hex()))
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
codes = st.none() | st.sampled_from([CODE, CODE + "-dirty", "abcdef1"])


@given(people, times)
def test_signatures_round_trip(person: Person, time: datetime) -> None:
    back, when = parse_signature(signature(person, time).encode())
    assert back == person
    assert when == time
    assert when.utcoffset() == time.utcoffset()


@given(ids, st.lists(ids, max_size=3), people, times, texts)
def test_commits_round_trip(
    tree: CommitId, parents: list[CommitId], person: Person, time: datetime, text: str
) -> None:
    data = encode_commit(tree, tuple(parents), person, time, person, time, text)
    header = decode_commit(data, SOME)
    assert header == (tree, tuple(parents), person, time, person, time, text)
    assert decode_links(data, SOME) == (tuple(parents), int(time.timestamp()))


@given(texts, codes)
def test_messages_round_trip(typed: str, code: str | None) -> None:
    try:
        message = clean_message(typed)
    except InvalidInputError:
        assert not typed.strip()
        return
    if code is None and split_message(message)[1] is not None:
        return  # somebody typed the trailer: then it is one
    assert split_message(join_message(message, code)) == (message, code)


def test_the_trailer_joins_those_that_are_there() -> None:
    message = "Clean labels\n\nSigned-off-by: Ada <ada@example.com>"
    assert join_message(message, CODE).splitlines() == [*message.splitlines(), f"Code-Commit: {CODE}"]
    assert join_message("One line", CODE) == f"One line\n\nCode-Commit: {CODE}\n"


@pytest.mark.parametrize("code", ["", "HEAD", "xyz", f"{CODE}\nEvil: yes", f"{CODE}-clean"])
def test_a_code_commit_must_be_an_id(code: str) -> None:
    with pytest.raises(InvalidInputError):
        join_message("message", code)


@pytest.mark.parametrize("message", ["", " \n\t\n", "a\0b"])
def test_messages_that_are_refused(message: str) -> None:
    with pytest.raises(InvalidInputError):
        clean_message(message)


@pytest.mark.parametrize(
    ("name", "email"), [("a<b", "c"), ("a", "b>"), ("a\nauthor x", "b"), ("a", "b\0"), ("a\rb", "")]
)
def test_people_that_would_break_a_commit_are_refused(name: str, email: str) -> None:
    with pytest.raises(InvalidInputError):
        Person(name, email)


@pytest.mark.parametrize(
    "time",
    [datetime(2026, 1, 1), datetime(1969, 1, 1, tzinfo=UTC)],  # noqa: DTZ001 - the point
)
def test_times_that_are_refused(time: datetime) -> None:
    with pytest.raises(InvalidInputError):
        signature(Person("a", "b"), time)


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_manifest_files_round_trip(files: int, size: int) -> None:
    data = encode_manifest_file(ROOT, files, size)
    found = decode_manifest_file(data, SOME)
    assert (found.manifest, found.files, found.bytes) == (ROOT.hex(), files, size)
    assert json.loads(data) == {"format": 1, "manifest": ROOT.hex(), "files": files, "bytes": size}


GOOD: dict[str, Any] = {"format": 1, "manifest": ROOT.hex(), "files": 3, "bytes": 5}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 10_000,
        json.dumps({**GOOD, "files": "3"}).encode(),
        json.dumps({**GOOD, "files": -3}).encode(),
        json.dumps({**GOOD, "bytes": 1.5}).encode(),
        json.dumps({**GOOD, "files": 10**400}).encode(),
        json.dumps({**GOOD, "manifest": "../x"}).encode(),
        json.dumps({**GOOD, "manifest": ROOT.hex().upper()}).encode(),
        json.dumps({**GOOD, "manifest": None}).encode(),
        json.dumps({k: v for k, v in GOOD.items() if k != "files"}).encode(),
        json.dumps({k: v for k, v in GOOD.items() if k != "format"}).encode(),
        json.dumps({**GOOD, "note": "x" * MAX_MANIFEST_FILE}).encode(),
    ],
    ids=lambda data: data[:30].decode("latin-1"),
)
def test_bad_manifest_files_name_the_commit(data: bytes) -> None:
    with pytest.raises(DamagedObjectError, match=SOME[:10]):
        decode_manifest_file(data, SOME)


def test_a_newer_format_is_not_damage() -> None:
    with pytest.raises(UnsupportedFormatError, match="format 2"):
        decode_manifest_file(b'{"format": 2, "tree": "of another kind"}', SOME)


def test_unknown_fields_are_left_to_newer_versions() -> None:
    assert decode_manifest_file(json.dumps({**GOOD, "more": 1}).encode(), SOME).files == 3


def test_trees() -> None:
    blob = bytes(range(20))
    assert decode_tree(encode_tree(blob), SOME) == blob.hex()
    beside = b"100644 README\0" + bytes(20) + encode_tree(blob)
    assert decode_tree(beside, SOME) == blob.hex()


@given(st.binary(max_size=200))
def test_any_bytes_as_tree_or_commit_give_an_answer_or_a_clear_error(data: bytes) -> None:
    for decode in (decode_tree, decode_commit, decode_links):
        with contextlib.suppress(DamagedObjectError):
            decode(data, SOME)


def test_what_git_writes_is_understood() -> None:
    data = (
        b"tree " + b"1" * 40 + b"\nparent " + b"2" * 40 + b"\nauthor J\xf6rg <j@x> 1700000000 -0330\n"
        b"committer  <> 1700000001 +0000\ngpgsig -----BEGIN\n parent fake\n -----END\n"
        b"encoding ISO-8859-1\n\nGr\xfc\xdfe\n"
    )
    header = decode_commit(data, SOME)
    assert header.text == "Grüße\n"
    assert header.parents == ("2" * 40,)
    assert header.time.utcoffset() == timedelta(hours=-3, minutes=-30)
    assert header.committer == Person("", "")
    assert decode_links(data, SOME).time == 1700000001
