"""Naming a commit as in Git: `main`, `v1`, `1f3c9a2b`, `HEAD^2~3`, `main@{1}`, `@{-1}`, `main..clean`.

A name is looked for as a full ref (`refs/heads/main`), a tag, a branch, then as the beginning of a commit id.
"""

from __future__ import annotations

import difflib
import re
from typing import NamedTuple

from aidb.errors import (
    IntegrityError,
    InvalidNameError,
    InvalidRevisionError,
    MissingObjectError,
    RevisionNotFoundError,
)
from aidb.types import HEADS, TAGS, CommitId, RefName, branch_ref
from aidb.versioning.dates import parse_when
from aidb.versioning.engine import HEAD, Engine
from aidb.versioning.reflog import previous_branches

SHORTEST = 4
"""Fewest digits that a commit id can be shortened to."""

_EXPRESSION = re.compile(
    r"(?P<name>[^~^:]*?)(?P<past>@\{[^{}]*\})?(?P<steps>(?:[~^]\d{0,9}|\^\{[a-z]*\})*)", re.DOTALL
)
_STEP = re.compile(r"([~^])(\{[a-z]*\}|\d*)")
_HEX = re.compile(r"[0-9a-fA-F]+")
_NUMBER = re.compile(r"-?\d{1,9}")
_PREFIXES = ("refs/", TAGS, HEADS, "refs/remotes/")
_MOST_CANDIDATES = 8


class Selection(NamedTuple):
    """Some part of history: everything that `starts` reach and `hide` do not."""

    starts: list[CommitId]
    hide: list[CommitId]


class Range(NamedTuple):
    """`old..new`, or `old...new` if `symmetric`."""

    old: CommitId
    new: CommitId
    symmetric: bool


def resolve(engine: Engine, text: str) -> CommitId:
    """The commit that `text` names. Raises RevisionNotFoundError, InvalidRevisionError."""
    if is_range(text):
        raise InvalidRevisionError(
            f"{text!r} is a range of commits, but one commit is wanted here",
            hints=("Name one of its two ends.",),
        )
    match = _EXPRESSION.fullmatch(text)
    if match is None or not text:
        raise _unreadable(text)
    name, past, steps = match["name"], match["past"], match["steps"]
    if not name and not past:
        raise _unreadable(text)
    commit = _past(engine, name, past[2:-1]) if past else _named(engine, name)
    return _step(engine, commit, steps, text)


def is_range(text: str) -> bool:
    """Whether `text` is of the form `A..B` or `A...B`."""
    return ".." in text


def resolve_range(engine: Engine, text: str) -> Range:
    """The two ends of `A..B` or `A...B`; an end left out is HEAD."""
    dots = "..." if "..." in text else ".."
    old, found, new = text.partition(dots)
    if not found or is_range(new):
        raise InvalidRevisionError(f"{text!r} is not a range of commits", hints=("Write it as A..B.",))
    return Range(resolve(engine, old or HEAD), resolve(engine, new or HEAD), dots == "...")


def select(engine: Engine, text: str) -> Selection:
    """The part of history that a revision or a range stands for, as `log` reads it."""
    if not is_range(text):
        return Selection([resolve(engine, text)], [])
    old, new, symmetric = resolve_range(engine, text)
    if symmetric:
        return Selection([old, new], engine.merge_bases(old, new))
    return Selection([new], [old])


def previous_branch(engine: Engine, back: int = 1) -> str:
    """What was checked out before the last switch (`@{-1}`): a branch name or, if detached, a commit id."""
    names = previous_branches(engine.reflog(HEAD))
    if not 0 < back <= len(names):
        raise RevisionNotFoundError(
            f"there is no @{{-{back}}}: only {len(names)} switches are recorded",
            hints=("`aidb branch` lists the branches.",),
        )
    return names[back - 1]


def _unreadable(text: str) -> InvalidRevisionError:
    if ":" in text:
        return InvalidRevisionError(
            f"{text!r} names a path, but a commit is wanted here",
            hints=(f"Leave out what follows the colon: {text.partition(':')[0]!r}.",),
        )
    return InvalidRevisionError(
        f"{text!r} cannot be read as a revision",
        hints=("Write for example main, v1, HEAD~3, main@{1} or the beginning of a commit id.",),
    )


# Names


def _named(engine: Engine, name: str) -> CommitId:
    if name in (HEAD, "@"):
        return _head(engine)
    if len(name) == 40 and _HEX.fullmatch(name) and _exists(engine, CommitId(name.lower())):
        return CommitId(name.lower())
    for ref in _candidates(name):
        found = engine.read_ref(ref)
        if found is not None:
            return found
    if len(name) >= SHORTEST and _HEX.fullmatch(name):
        return _short(engine, name)
    raise _not_found(engine, name)


def _head(engine: Engine) -> CommitId:
    head = engine.head()
    if head.commit is None:
        raise RevisionNotFoundError(
            f"{head.branch or HEAD} has no commits yet",
            hints=('Make the first: `aidb add .`, then `aidb commit -m "…"`.',),
        )
    return head.commit


def _exists(engine: Engine, commit: CommitId) -> bool:
    try:
        engine.links(commit)
    except MissingObjectError:
        return False
    return True


def _candidates(name: str) -> list[RefName]:
    """The refs that a name may mean, in Git's order. A name that cannot be a ref means none."""
    try:
        branch_ref(name)
    except InvalidNameError:
        return []
    full = [RefName(name)] if name.startswith("refs/") else []
    return full + [RefName(prefix + name) for prefix in _PREFIXES]


def _short(engine: Engine, digits: str) -> CommitId:
    found = engine.expand_prefix(digits)
    if len(found) == 1:
        return found[0]
    if not found:
        raise _not_found(engine, digits)
    shown = tuple(_describe(engine, commit) for commit in found[:_MOST_CANDIDATES])
    more = (f"… and {len(found) - len(shown)} more",) if len(found) > len(shown) else ()
    raise InvalidRevisionError(
        f"{digits} is the beginning of {len(found)} commit ids: write more digits", hints=shown + more
    )


def _describe(engine: Engine, commit: CommitId) -> str:
    try:
        found = engine.read_commit(commit)
    except IntegrityError:
        return commit[:12]
    return f"{commit[:12]} {found.time:%Y-%m-%d} {found.subject}"


def _not_found(engine: Engine, name: str) -> RevisionNotFoundError:
    names = [ref.split("/", 2)[2] for ref in engine.list_refs() if ref.count("/") > 1]
    if close := close_names(name, names):
        hint = f"Did you mean {close}?"
    elif len(name) < SHORTEST and _HEX.fullmatch(name):
        hint = f"A commit id needs at least {SHORTEST} digits."
    elif names:
        hint = "`aidb branch` lists the branches, `aidb tag` the tags, `aidb log` the commits."
    else:
        hint = 'There are no commits yet. Make the first: `aidb add .`, then `aidb commit -m "…"`.'
    return RevisionNotFoundError(f"there is no branch, tag or commit {name!r}", hints=(hint,))


def close_names(name: str, names: list[str]) -> str:
    """Those of `names` that may have been meant, as "a or b"; empty if none is close."""
    folded = {known.casefold(): known for known in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)
    return " or ".join(folded[match] for match in close)


# The past of a ref


def _past(engine: Engine, name: str, when: str) -> CommitId:
    """`name@{when}`: `when` is a number of moves, a point in time or, negative, a number of switches."""
    if not _NUMBER.fullmatch(when):
        return _value_at_time(engine, _ref(engine, name), when)
    back = int(when)
    if back >= 0:
        return _value_before(engine, _ref(engine, name), back)
    if name:
        raise InvalidRevisionError(
            f"'{name}@{{{when}}}' cannot be read as a revision",
            hints=(f"@{{{when}}} is the branch before the last switch; {name}@{{1}} is where {name} was.",),
        )
    return _named(engine, previous_branch(engine, -back))


def _ref(engine: Engine, name: str) -> RefName:
    """The ref whose reflog is meant; without a name, the current branch."""
    if name in (HEAD, "@"):
        return HEAD
    if not name:
        branch = engine.head().branch
        return HEAD if branch is None else branch_ref(branch)
    for ref in _candidates(name):
        if engine.read_ref(ref) is not None:
            return ref
    raise _not_found(engine, name)


def _value_before(engine: Engine, ref: RefName, moves: int) -> CommitId:
    if moves == 0:
        return _head(engine) if ref == HEAD else _known(engine.read_ref(ref), ref, 0, 0)
    entries = engine.reflog(ref)
    if moves < len(entries):
        return _known(entries[moves].new, ref, moves, len(entries))
    oldest = entries[-1].old if moves == len(entries) and entries else None
    return _known(oldest, ref, moves, len(entries))


def _known(commit: CommitId | None, ref: RefName, moves: int, recorded: int) -> CommitId:
    if commit is None:
        name = ref.removeprefix(HEADS).removeprefix(TAGS)
        raise RevisionNotFoundError(
            f"there is no {name}@{{{moves}}}: only {recorded} moves of {name} are recorded",
            hints=(f"`aidb log {name}` shows its commits.",),
        )
    return commit


def _value_at_time(engine: Engine, ref: RefName, text: str) -> CommitId:
    when = parse_when(text)
    entries = engine.reflog(ref)
    for entry in entries:
        if entry.time <= when and entry.new is not None:
            return entry.new
    # Before everything recorded: what it was then, as far as it is known.
    oldest = entries[-1] if entries else None
    return _known(oldest and (oldest.old or oldest.new), ref, len(entries), len(entries))


# Steps through parents


def _step(engine: Engine, commit: CommitId, steps: str, text: str) -> CommitId:
    for sign, count in _STEP.findall(steps):
        if count.startswith("{"):
            if count not in ("{}", "{commit}"):
                raise InvalidRevisionError(f"{text!r}: ^{count} is not known", hints=("Leave it out.",))
        elif sign == "~":
            commit = _go_back(engine, commit, int(count or 1), text)
        else:
            commit = _parent(engine, commit, int(count or 1), text)
    return commit


def _go_back(engine: Engine, commit: CommitId, generations: int, text: str) -> CommitId:
    for gone in range(generations):
        parents = engine.links(commit).parents
        if not parents:
            raise RevisionNotFoundError(
                f"{text} goes back too far: {commit[:10]}, the first commit, is only {gone} of {generations} steps back"
            )
        commit = parents[0]
    return commit


def _parent(engine: Engine, commit: CommitId, number: int, text: str) -> CommitId:
    if number == 0:
        return commit
    parents = engine.links(commit).parents
    if number > len(parents):
        has = {0: "is the first commit", 1: "has one parent"}.get(len(parents), f"has {len(parents)} parents")
        raise RevisionNotFoundError(f"there is no {text}: commit {commit[:10]} {has}")
    return parents[number - 1]
