"""The log: which commits, in which order.

Newest first by commit time, each commit before its parents (as long as clocks did not run backwards). With paths, only
commits that changed them are shown, and of a merge that equals one of its parents only that parent's side is followed:
the simplest history that explains how the paths became what they are, as in Git.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from aidb.errors import InvalidInputError
from aidb.types import CommitId
from aidb.versioning import ancestry
from aidb.versioning.commits import Commit
from aidb.versioning.dates import parse_when
from aidb.versioning.engine import Engine, Order
from aidb.versioning.path_filter import AnyPath, PathFilter
from aidb.versioning.revisions import Selection, select
from aidb.versioning.stashes import PREFIX

if TYPE_CHECKING:
    from aidb.versioning.manifest import Manifest, NodeReader

When = str | datetime


def log(
    engine: Engine,
    reader: NodeReader,
    revision: str = "HEAD",
    *,
    paths: Iterable[AnyPath] = (),
    limit: int | None = None,
    first_parent: bool = False,
    all_refs: bool = False,
    since: When | None = None,
    until: When | None = None,
    author: str | None = None,
    grep: str | None = None,
    order: Order = "time",
) -> Iterator[Commit]:
    """The commits that `revision` (or a range) reaches, or every branch and tag.

    `since` and `until` are points in time (`dates.parse_when`), `author` and `grep` regular expressions to be found in
    "Name <email>" and in the message. Wrong arguments raise at once, not when the first commit is asked for.
    """
    wanted = PathFilter(paths)
    accepts = _acceptance(since, until, author, grep)
    selection = _everything(engine) if all_refs else select(engine, revision)
    if limit is not None and limit < 0:
        raise InvalidInputError(f"a log cannot have {limit} commits")
    if wanted.everything:
        commits = engine.walk(selection.starts, selection.hide, order, first_parent=first_parent)
    else:
        commits = _by_path(engine, reader, selection, wanted, order, first_parent=first_parent)
    return islice(filter(accepts, commits), limit)


def _everything(engine: Engine) -> Selection:
    refs = engine.list_refs().items()
    starts = dict.fromkeys(commit for ref, commit in refs if not ref.startswith(PREFIX))
    if (head := engine.head().commit) is not None:
        starts[head] = None
    return Selection(list(starts), [])


def _acceptance(
    since: When | None, until: When | None, author: str | None, grep: str | None
) -> Callable[[Commit], bool]:
    first, last = _point(since), _point(until)
    by, about = _pattern(author, "author"), _pattern(grep, "message")

    def accepts(commit: Commit) -> bool:
        return (
            (first is None or commit.commit_time >= first)
            and (last is None or commit.commit_time <= last)
            and (by is None or by.search(str(commit.author)) is not None)
            and (about is None or about.search(commit.message) is not None)
        )

    return accepts


def _point(when: When | None) -> datetime | None:
    if when is None or isinstance(when, str):
        return None if when is None else parse_when(when)
    return when if when.tzinfo is not None else when.astimezone()


def _pattern(text: str | None, what: str) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise InvalidInputError(
            f"{text!r} is not a pattern for the {what}: {error}",
            hints=("Put a backslash before characters such as ( [ + * to mean themselves.",),
        ) from error


def _by_path(
    engine: Engine,
    reader: NodeReader,
    selection: Selection,
    wanted: PathFilter,
    order: Order,
    *,
    first_parent: bool,
) -> Iterator[Commit]:
    history = _Simplified(engine, reader, wanted, first_parent=first_parent)
    walker = ancestry.in_time_order if order == "time" else ancestry.in_topological_order
    for commit in walker(engine.links, *selection, parents=history.parents):
        if history.changed(commit):
            yield engine.read_commit(commit)


class _Simplified:
    """The history of some paths: which parents to follow, and which commits to show."""

    def __init__(self, engine: Engine, reader: NodeReader, wanted: PathFilter, *, first_parent: bool) -> None:
        from aidb.versioning.manifest import NodeCache

        self._engine = engine
        self._nodes = NodeCache(reader)
        self._wanted = wanted
        self._first_parent = first_parent
        self._known: dict[CommitId, tuple[tuple[CommitId, ...], bool]] = {}

    def parents(self, commit: CommitId) -> tuple[CommitId, ...]:
        """The parents that explain the paths: one that holds them alike explains them alone."""
        return self._look(commit)[0]

    def changed(self, commit: CommitId) -> bool:
        """Whether the paths are unlike in every parent."""
        return self._look(commit)[1]

    def _look(self, commit: CommitId) -> tuple[tuple[CommitId, ...], bool]:
        if commit not in self._known:
            self._known[commit] = self._compare(commit)
        return self._known[commit]

    def _compare(self, commit: CommitId) -> tuple[tuple[CommitId, ...], bool]:
        parents = self._engine.links(commit).parents
        parents = parents[:1] if self._first_parent else parents
        mine = self._manifest(commit)
        if not parents:
            return (), self._wanted.differs(None, mine)
        for parent in parents:
            if not self._wanted.differs(self._manifest(parent), mine):
                return (parent,), False
        return parents, True

    def _manifest(self, commit: CommitId) -> Manifest:
        from aidb.versioning.manifest import Manifest

        return Manifest(self._nodes, self._engine.read_commit(commit).root)
