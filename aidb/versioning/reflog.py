"""The reflog: every move of a ref, one line each, in Git's format.

A line is `old new Name <email> seconds +hhmm<TAB>reason`; forty zeros stand for "no commit". Lines that cannot be read,
such as one cut short by a power cut, are skipped.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from aidb.types import CommitId
from aidb.versioning.commits import Person, parse_signature, signature

ZERO = "0" * 40
_LINE = re.compile(rb"([0-9a-f]{40}) ([0-9a-f]{40}) ([^\t]*)(?:\t(.*))?")
_MOVED = re.compile(r"checkout: moving from (\S+) to \S+")


class ReflogEntry(NamedTuple):
    """One move of a ref. `old` is None where it was made, `new` where it was deleted."""

    old: CommitId | None
    new: CommitId | None
    person: Person
    time: datetime
    reason: str


def format_line(
    old: CommitId | None, new: CommitId | None, person: Person, time: datetime, reason: str
) -> bytes:
    """One line with its line break. A reason with several lines is joined into one."""
    text = " ".join(reason.split())
    line = f"{old or ZERO} {new or ZERO} {signature(person, time)}\t{text}\n"
    return line.encode("utf-8", "replace")


def parse_lines(data: bytes) -> list[ReflogEntry]:
    """The entries of a reflog file, newest first."""
    entries = (_parse(line) for line in reversed(data.split(b"\n")) if line)
    return [entry for entry in entries if entry is not None]


def without_old_lines(data: bytes, since: datetime) -> bytes:
    """A reflog file without the moves before `since`. Lines that cannot be read stay."""

    def is_old(line: bytes) -> bool:
        entry = _parse(line.rstrip(b"\n"))
        return entry is not None and entry.time < since

    return b"".join(line for line in re.findall(rb"[^\n]*\n|[^\n]+", data) if not is_old(line))


def _parse(line: bytes) -> ReflogEntry | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    old, new = (_commit(found.group(number)) for number in (1, 2))
    try:
        person, time = parse_signature(found.group(3))
    except ValueError:
        return None
    return ReflogEntry(old, new, person, time, (found.group(4) or b"").decode("utf-8", "replace"))


def _commit(raw: bytes) -> CommitId | None:
    text = raw.decode("ascii")
    return None if text == ZERO else CommitId(text)


def checkout_reason(before: str, after: str) -> str:
    """The reason Git gives for a switch; `previous_branches` and `aidb switch -` read it."""
    return f"checkout: moving from {before} to {after}"


def previous_branches(entries: list[ReflogEntry]) -> list[str]:
    """What was checked out before each switch (a branch, or a commit id), latest first: `@{-1}` is the first."""
    moves = (_MOVED.fullmatch(entry.reason) for entry in entries)
    return [move.group(1) for move in moves if move]
