"""`REV:PATH`: how a file or folder of a version is written on the command line.

    main:train/cats      the folder train/cats in the version main
    v1:                  the whole version v1
    :labels.csv          labels.csv in HEAD
    labels.csv           the same, typed relative to the current folder
    v1                   the whole version v1, as there is a revision of that name

A word that could be both a revision and a path in HEAD is refused: `v1:` or `./v1` says which. Paths after a colon are
relative to the repository's root; `./` makes them relative to the current folder, as in Git.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import AidbError, InvalidRevisionError, PathNotFoundError, RevisionNotFoundError
from aidb.types import show_path
from aidb_cli.context import Context

if TYPE_CHECKING:
    from aidb.snapshot import Snapshot


class Location(NamedTuple):
    """A path in a version; the empty path is the whole version."""

    revision: str
    path: str
    snapshot: Snapshot


def locate(context: Context, text: str) -> Location:
    """What `text` names. The path need not exist, unless nothing else could tell what is meant."""
    revision, colon, path = text.partition(":")
    if colon:
        relative = path.startswith(("./", "../")) or path == "."
        return _at(context, revision or "HEAD", context.inside(path) if relative else path)
    if text.startswith((".", "/")):
        return _at(context, "HEAD", context.inside(text))
    return _revision_or_path(context, text)


def _revision_or_path(context: Context, text: str) -> Location:
    problem = revision_problem(context, text)
    if problem is not None and _has_revision_syntax(text):
        raise problem
    in_head = _at(context, "HEAD", context.inside(text))
    if not _exists(in_head):
        if problem is not None:
            raise _neither(text, "in HEAD", problem, "A path of another version is written REV:PATH.")
        return _at(context, text, "")
    if problem is None:
        raise InvalidRevisionError(
            f"{show_path(text)!r} is both a revision and a path",
            hints=(f"`{text}:` is the version, `./{text}` the path in HEAD.",),
        )
    return in_head


def revision_problem(context: Context, text: str) -> AidbError | None:
    """Why `text` is no revision or range, or None if it is one."""
    from aidb.versioning.revisions import select

    try:
        select(context.repo.engine, text)
    except (RevisionNotFoundError, InvalidRevisionError) as problem:
        return problem
    return None


def _has_revision_syntax(text: str) -> bool:
    """Whether nobody would write a path like this."""
    return any(mark in text for mark in ("..", "~", "^", "@{", ":"))


def _neither(text: str, where: str, problem: AidbError, hint: str) -> RevisionNotFoundError:
    """The revision's own hints first: they know what is spelled alike."""
    return RevisionNotFoundError(
        f"{show_path(text)!r} is neither a revision nor a path {where}", hints=(*problem.hints, hint)
    )


def _at(context: Context, revision: str, path: str) -> Location:
    return Location(revision, "" if path == "." else path.strip("/"), context.repo.at(revision))


def _exists(location: Location) -> bool:
    try:
        return location.path == "" or location.snapshot.totals(location.path).files > 0
    except PathNotFoundError:
        return False


def split_revisions(context: Context, words: tuple[str, ...], most: int) -> tuple[list[str], list[str]]:
    """Which of the words are revisions (`most` at most) and which are paths, as Git decides it.

    After `--` stand paths. Without it, words are revisions up to the first path; that must exist (or be a pattern), so
    that a mistyped branch is not taken for one.
    """
    if context.after_dashes is not None:
        if len(words) > most:
            raise _too_many(words[most])
        return list(words), [context.inside(path) for path in context.after_dashes]
    revisions: list[str] = []
    rest = list(words)
    while rest and len(revisions) < most and not _is_path(context, rest[0]):
        revisions.append(rest.pop(0))
    for word in rest:
        if not _is_path(context, word):
            raise _too_many(word)
    return revisions, [context.inside(path) for path in rest]


def _too_many(word: str) -> InvalidRevisionError:
    return InvalidRevisionError(f"{show_path(word)!r} is one revision too many")


def _is_path(context: Context, word: str) -> bool:
    """Whether a word is a path and not a revision; raises if it is neither or both."""
    if word.startswith(("./", "../", "/")) or word in (".", "..") or any(char in word for char in "*?["):
        return True
    problem = revision_problem(context, word)
    if problem is not None and _has_revision_syntax(word):
        raise problem
    exists = _in_workspace_or_head(context, word)
    if problem is not None and not exists:
        raise _neither(word, "here or in HEAD", problem, "Write `--` before paths that no longer exist.")
    if problem is None and exists:
        raise InvalidRevisionError(
            f"{show_path(word)!r} is both a revision and a path",
            hints=(f"Write `{word} --` for the revision, `-- {word}` for the path.",),
        )
    return exists


def _in_workspace_or_head(context: Context, word: str) -> bool:
    path = context.inside(word)
    if os.path.lexists(context.repo.root / path):
        return True
    return context.repo.head.commit is not None and _exists(_at(context, "HEAD", path))
