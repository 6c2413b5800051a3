"""Which files of a diff are looked into, and what was found: a few by default, all if they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aidb_cli.output import Json, Output
from aidb_cli.views.changes import change_json
from aidb_cli.views.inside import draw_inside
from aidb_cli.words import count

if TYPE_CHECKING:
    from aidb.inside import Explanation
    from aidb.versioning.diff import Diff, FileChange

MOST_FILES = 10
"""So many files are looked into, unless more are asked for."""
MOST_BYTES = 1 << 30
"""Files of which both versions together are larger are left out, unless they are asked for."""


class Insides:
    """Looks into the files of a diff, one when it is needed."""

    def __init__(self, diff: Diff, key: tuple[str, ...] | None = None, *, every: bool = False) -> None:
        """`key`: the columns that tell rows of tables apart."""
        self._diff, self._key, self._every = diff, key, every
        self._chosen = _chosen(diff.changes, every=every)
        self._left = sum(_has_inside(change) for change in diff.changes) - len(self._chosen)

    def found(self) -> Iterator[tuple[FileChange, Explanation]]:
        """The files with something inside to tell."""
        for change in self._chosen:
            found = self._diff.explain(change, key=self._key)
            if found is not None:
                yield change, found

    def summaries(self) -> dict[str, str]:
        """A line for each path that was looked into."""
        return {change.path: found.summary() for change, found in self.found()}

    def json(self) -> list[Json]:
        """All changes as data; those that were looked into have `inside`."""
        insides = {change.path: found.json() for change, found in self.found()}
        return [
            {**change_json(change), "inside": insides[change.path]}
            if change.path in insides
            else change_json(change)
            for change in self._diff.changes
        ]

    def draw(self, out: Output) -> None:
        """Each explanation, and how many files were left out."""
        for change, found in self.found():
            draw_inside(out, change, found, every=self._every)
        self.hint(out)

    def hint(self, out: Output) -> None:
        """Say that not every file was looked into, if so."""
        if self._left > 0:
            out.hint(
                f"{count(self._left, 'more file')} could be looked into: name paths, or `aidb diff -p` for all."
            )


def _chosen(changes: Sequence[FileChange], *, every: bool) -> list[FileChange]:
    """All of a few; of many, the first that were modified."""
    inside = [change for change in changes if _has_inside(change)]
    if every:
        return inside
    small = [change for change in inside if _bytes(change) <= MOST_BYTES]
    if len(small) > MOST_FILES:
        small = [change for change in small if change.status == "M"]
    return small[:MOST_FILES]


def _has_inside(change: FileChange) -> bool:
    """Whether content differs: not so for a rename, or for a change of kind alone."""
    return change.old is None or change.new is None or change.old.blob != change.new.blob


def _bytes(change: FileChange) -> int:
    return sum(entry.size for entry in (change.old, change.new) if entry is not None)
