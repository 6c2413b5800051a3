"""Unified diffs of text, small and large."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.inside import TextDiff
from aidb.inside.text import looks_like_text, match_lines
from tests.inside.conftest import Compare

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "longer line"]), max_size=30)


@settings(max_examples=60)
@given(LINES, LINES)
def test_matches_are_equal_lines_in_order(old: list[str], new: list[str]) -> None:
    matches = match_lines(old, new)
    at = (0, 0)
    for match in matches:
        assert match.old >= at[0]
        assert match.new >= at[1]
        assert old[match.old : match.old + match.length] == new[match.new : match.new + match.length]
        at = match.old + match.length, match.new + match.length


def apply(text: str, patch: tuple[str, ...]) -> str:
    """What `patch` makes of a text whose lines all end."""
    lines, result, at = text.splitlines(keepends=True), [], 0
    for number, line in enumerate(patch):
        if line.startswith("@@"):
            start = int(line.split()[1].split(",")[0][1:]) - 1
            result += lines[at:start]
            at = start
        elif line.startswith((" ", "-")):
            result += [line[1:] + "\n"] if line[0] == " " else []
            at += 1
        elif line.startswith("+"):
            ended = patch[number + 1 : number + 2] != ("\\ No newline at end of file",)
            result.append(line[1:] + "\n" * ended)
    return "".join([*result, *lines[at:]])


def test_patch_applies(compare: Compare) -> None:
    old = [f"line {number % 7}" for number in range(300)]
    new = [*old[:20], "new", *old[25:200], "x", "y", *old[200:], "no end"]
    before, after = "\n".join(old) + "\n", "\n".join(new)
    found = compare("notes.txt", before.encode(), after.encode())
    assert isinstance(found, TextDiff)
    assert apply(before, found.lines[2:]) == after
    assert (found.lines_added, found.lines_removed) == (4, 5)


def test_long_texts_are_compared_in_time(compare: Compare) -> None:
    old = [f"line {number}" for number in range(60_000)]
    new = ["first", *old[:50_000], *old[50_010:]]
    new[20_000] = "changed"
    began = time.perf_counter()
    found = compare("log.txt", "\n".join(old).encode(), "\n".join(new).encode())
    assert isinstance(found, TextDiff)
    assert (found.lines_added, found.lines_removed) == (2, 11)
    assert time.perf_counter() - began < 20


def test_long_texts_without_a_line_in_common(compare: Compare) -> None:
    found = compare("log.txt", b"a\nb\n" * 100_000, b"c\nd\n" * 100_000)
    assert isinstance(found, TextDiff)
    assert (found.lines_added, found.lines_removed, found.cut) == (200_000, 200_000, True)


def test_added_and_removed_files(compare: Compare) -> None:
    found = compare("a.txt", None, b"x\n")
    assert isinstance(found, TextDiff)
    assert found.lines == ("--- /dev/null", "+++ b/a.txt", "@@ -0,0 +1 @@", "+x")
    found = compare("a.txt", b"x", None)
    assert found is not None
    assert found.summary() == "1 line removed"


def test_text_is_told_from_other_bytes() -> None:
    assert looks_like_text("é".encode()[:1])
    assert not looks_like_text(b"a\0b")
    assert not looks_like_text(b"\xff\xfe text")
