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

from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import InvalidRevisionError, PathNotFoundError, RevisionNotFoundError
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
    in_head = _at(context, "HEAD", context.inside(text))
    is_path = _exists(in_head)
    try:
        version = _at(context, text, "")
    except (RevisionNotFoundError, InvalidRevisionError):
        if is_path:
            return in_head
        raise _neither(text) from None
    if is_path:
        raise InvalidRevisionError(
            f"{show_path(text)!r} is both a revision and a path",
            hints=(f"`{text}:` is the version, `./{text}` the path in HEAD.",),
        )
    return version


def _at(context: Context, revision: str, path: str) -> Location:
    return Location(revision, "" if path == "." else path.strip("/"), context.repo.at(revision))


def _exists(location: Location) -> bool:
    try:
        return location.path == "" or location.snapshot.totals(location.path).files > 0
    except PathNotFoundError:
        return False


def _neither(text: str) -> PathNotFoundError:
    return PathNotFoundError(
        f"{show_path(text)!r} is neither a revision nor a path in HEAD",
        hints=(
            "`aidb log --oneline --all` lists revisions, `aidb ls` what is in HEAD.",
            "A path of another version is written REV:PATH, for example main:train/labels.csv.",
        ),
    )


def split_revisions(context: Context, words: tuple[str, ...], most: int) -> tuple[list[str], list[str]]:
    """Which of the words are revisions (`most` at most) and which are paths, as Git decides it.

    After `--` stand paths. Without it, words are revisions up to the first that is none; from there on they are paths,
    which must exist (or be patterns), so that a mistyped branch is not taken for one.
    """
    if context.after_dashes is not None:
        if len(words) > most:
            raise InvalidRevisionError(f"{show_path(words[most])!r} is one revision too many")
        return list(words), [context.inside(path) for path in context.after_dashes]
    revisions: list[str] = []
    rest = list(words)
    while rest and len(revisions) < most and _is_revision(context, rest[0]):
        revisions.append(rest.pop(0))
    return revisions, [_existing(context, path) for path in rest]


def _is_revision(context: Context, word: str) -> bool:
    from aidb.versioning.revisions import select

    if word.startswith(("./", "../", "/")) or word in (".", ".."):
        return False
    try:
        select(context.repo.engine, word)
    except (RevisionNotFoundError, InvalidRevisionError):
        return False
    return True


def _existing(context: Context, word: str) -> str:
    path = context.inside(word)
    if any(char in word for char in "*?["):
        return path
    if (context.repo.root / path).exists() or (context.repo.root / path).is_symlink():
        return path
    if context.repo.head.commit is not None and _exists(_at(context, "HEAD", path)):
        return path
    raise RevisionNotFoundError(
        f"{show_path(word)!r} is neither a revision nor a path",
        hints=("`aidb branch` lists branches.", "Write `--` before paths that no longer exist."),
    )
