"""Text: which lines came and went, as a unified diff.

Short stretches are compared by `difflib`. Its cost grows with the square of the lines, so a long stretch is first cut
at lines that stand once on either side (patience diff), and what still is too long is shown as replaced.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, NamedTuple

from aidb.errors import UnreadableContentError
from aidb.inside.content import Content
from aidb.inside.explanation import Explanation, counted
from aidb.types import show_path

MOST_BYTES = 8 << 20
"""Longer texts are not compared line by line."""
MOST_LINES = 10_000
"""So many lines of the unified diff are kept."""
_SMALL = 2_000_000
"""Lines on one side times lines on the other that difflib is given."""
_THOROUGH = 100_000
"""The same, where it may also match lines that stand in many places."""
_CONTEXT = 3
_NO_NEWLINE = "\0"
"""Marks a last line that has no end, so that it differs from one that has."""


@dataclass(frozen=True, slots=True)
class TextDiff(Explanation):
    """Counts of lines, and the unified diff with its header, cut after `MOST_LINES` lines."""

    kind: ClassVar[str] = "text"
    lines_added: int
    lines_removed: int
    lines: tuple[str, ...]
    cut: bool = False

    def summary(self) -> str:
        parts = ((self.lines_added, "added"), (self.lines_removed, "removed"))
        told = [f"{counted(number, 'line')} {word}" for number, word in parts if number]
        return ", ".join(told) or "no line differs"


class _Match(NamedTuple):
    """Equal lines: where they begin on both sides, and how many."""

    old: int
    new: int
    length: int


def explain_text(
    old: Content | None, new: Content | None, path: str, old_path: str | None = None
) -> TextDiff:
    """Compare line by line; a side that is None has no lines. Raises UnreadableContentError for what is no text."""
    before, after = _lines(old), _lines(new)
    blocks = match_lines(before, after)
    same = sum(match.length for match in blocks)
    header = (
        f"--- a/{show_path(old_path or path)}" if old else "--- /dev/null",
        f"+++ b/{show_path(path)}" if new else "+++ /dev/null",
    )
    lines: list[str] = []
    for line in _unified(before, after, blocks):
        if len(lines) == MOST_LINES:
            return TextDiff(len(after) - same, len(before) - same, (*header, *lines), cut=True)
        lines.append(line)
    return TextDiff(len(after) - same, len(before) - same, (*header, *lines) if lines else ())


def looks_like_text(start: bytes) -> bool:
    """Whether the first bytes of a file are text: UTF-8 without NUL, perhaps cut within a character."""
    if b"\0" in start:
        return False
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(start) - 3 and error.reason == "unexpected end of data"
    return True


def _lines(content: Content | None) -> list[str]:
    if content is None:
        return []
    data = content.read(MOST_BYTES)
    if b"\0" in data:
        raise UnreadableContentError("it is not text: it holds NUL bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableContentError("it is not text in UTF-8") from None
    lines = text.split("\n")
    last = lines.pop()
    return [*lines, last + _NO_NEWLINE] if last else lines


def match_lines(old: list[str], new: list[str]) -> list[_Match]:
    """The lines that stay, in order, in time that does not grow with the square of the length."""
    matches: list[_Match] = []
    waiting = [(0, len(old), 0, len(new))]
    while waiting:
        old_start, old_end, new_start, new_end = waiting.pop()
        while old_start < old_end and new_start < new_end and old[old_start] == new[new_start]:
            matches.append(_Match(old_start, new_start, 1))
            old_start, new_start = old_start + 1, new_start + 1
        while old_start < old_end and new_start < new_end and old[old_end - 1] == new[new_end - 1]:
            old_end, new_end = old_end - 1, new_end - 1
            matches.append(_Match(old_end, new_end, 1))
        if (old_end - old_start) * (new_end - new_start) <= _SMALL:
            matches += _by_difflib(old[old_start:old_end], new[new_start:new_end], old_start, new_start)
        else:
            waiting += _between_anchors(old, new, (old_start, old_end, new_start, new_end))
    return _joined(sorted(matches))


def _by_difflib(old: list[str], new: list[str], old_start: int, new_start: int) -> Iterator[_Match]:
    if old and new:
        hasty = len(old) * len(new) > _THOROUGH
        for match in difflib.SequenceMatcher(None, old, new, autojunk=hasty).get_matching_blocks():
            if match.size:
                yield _Match(old_start + match.a, new_start + match.b, match.size)


_Span = tuple[int, int, int, int]


def _between_anchors(old: list[str], new: list[str], span: _Span) -> list[_Span]:
    """Cut a stretch at the lines that stand once on either side; each piece but the first begins with such a line."""
    old_start, old_end, new_start, new_end = span
    once_old = _once(old, old_start, old_end)
    once_new = _once(new, new_start, new_end)
    pairs = [(at, once_new[line]) for line, at in once_old.items() if line in once_new]
    anchors = _longest_rising(pairs)
    if not anchors:
        return []
    cuts = [(old_start, new_start), *anchors, (old_end, new_end)]
    return [(a, c, b, d) for (a, b), (c, d) in pairwise(cuts)]


def _once(lines: list[str], start: int, end: int) -> dict[str, int]:
    """The lines that stand once in a stretch, and where."""
    counts = Counter(lines[start:end])
    return {lines[at]: at for at in range(start, end) if counts[lines[at]] == 1}


def _longest_rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of pairs that rise in the first number, the most that rise in the second, too (patience sorting)."""
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for number, (_, second) in enumerate(pairs):
        pile = bisect_left(tops, second)
        before.append(piles[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [second]
        piles[pile : pile + 1] = [number]
    chain = []
    at = piles[-1] if piles else -1
    while at >= 0:
        chain.append(pairs[at])
        at = before[at]
    return chain[::-1]


def _joined(matches: list[_Match]) -> list[_Match]:
    """Neighbours as one."""
    joined: list[_Match] = []
    for match in matches:
        last = joined[-1] if joined else None
        if last and (last.old + last.length, last.new + last.length) == (match.old, match.new):
            joined[-1] = _Match(last.old, last.new, last.length + match.length)
        else:
            joined.append(match)
    return joined


class _Matched(difflib.SequenceMatcher[str]):
    """difflib's hunks of lines that were matched here."""

    def __init__(self, old: list[str], new: list[str], blocks: list[_Match]) -> None:
        super().__init__(None, (), ())
        end = difflib.Match(len(old), len(new), 0)
        self._blocks = [*(difflib.Match(*block) for block in blocks), end]

    def get_matching_blocks(self) -> list[difflib.Match]:
        return self._blocks


def _unified(old: list[str], new: list[str], blocks: list[_Match]) -> Iterator[str]:
    matcher = _Matched(old, new, blocks)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        (_, a_start, _, b_start, _), (_, _, a_end, _, b_end) = group[0], group[-1]
        yield f"@@ -{_range(a_start, a_end)} +{_range(b_start, b_end)} @@"
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from _marked(" ", old[i1:i2])
            else:
                yield from _marked("-", old[i1:i2])
                yield from _marked("+", new[j1:j2])


def _marked(mark: str, lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line.rstrip(_NO_NEWLINE)
        if line.endswith(_NO_NEWLINE):
            yield "\\ No newline at end of file"


def _range(start: int, end: int) -> str:
    """Where a hunk is, as POSIX writes it."""
    length = end - start
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"
