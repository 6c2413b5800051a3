"""Work that was put aside, as commits below `refs/stash/`.

A stash is a commit of the files as they were, whose parents are, as in Git, the commit that was checked out, a commit
of what was staged and, if untracked files were taken too, one of those. Refs are numbered as they come; the newest
stash is called `stash@{0}`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import DamagedObjectError, NotFoundError
from aidb.types import CommitId, RefName

if TYPE_CHECKING:
    from aidb.versioning.commits import Commit
    from aidb.versioning.engine import Engine

PREFIX = "refs/stash/"
_NAME = re.compile(r"(?:stash@\{)?(\d{1,9})\}?")


class Stashed(NamedTuple):
    """One stash. `number` counts from the newest, 0; `base` is the commit that was checked out."""

    number: int
    ref: RefName
    commit: CommitId
    message: str
    time: datetime
    base: CommitId
    staged: CommitId
    untracked: CommitId | None

    @property
    def name(self) -> str:
        """`stash@{0}`"""
        return f"stash@{{{self.number}}}"


def stashes(engine: Engine) -> list[Stashed]:
    """All stashes, newest first."""
    refs = engine.list_refs(PREFIX)
    newest_first = sorted(refs, key=_position, reverse=True)
    return [_stashed(number, ref, engine.read_commit(refs[ref])) for number, ref in enumerate(newest_first)]


def find_stash(engine: Engine, name: str | None) -> Stashed:
    """The stash called `stash@{1}` or `1`, the newest for None. Raises NotFoundError."""
    known = stashes(engine)
    match = _NAME.fullmatch(name or "0")
    if match is None or int(match[1]) >= len(known):
        raise NotFoundError(
            f"there is no {name!r}" if name else "nothing is stashed",
            hints=("`aidb stash list` lists what was put aside.",),
        )
    return known[int(match[1])]


def next_ref(engine: Engine) -> RefName:
    """The ref for one more stash."""
    return RefName(f"{PREFIX}{max(map(_position, engine.list_refs(PREFIX)), default=0) + 1}")


def _position(ref: RefName) -> int:
    text = ref.removeprefix(PREFIX)
    return int(text) if text.isdecimal() else 0


def _stashed(number: int, ref: RefName, commit: Commit) -> Stashed:
    if len(commit.parents) < 2:
        raise DamagedObjectError(f"{ref} is no stash: it has {len(commit.parents)} parents")
    base, staged, *rest = commit.parents
    untracked = rest[0] if rest else None
    return Stashed(number, ref, commit.id, commit.message, commit.time, base, staged, untracked)
