"""The two sides of a comparison: which changes a commit made, and how to read a file on either side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb_cli.context import Context
from aidb_cli.output import Output
from aidb_cli.views.changes import draw_changes, patchable, tally

if TYPE_CHECKING:
    from aidb.types import Entry
    from aidb.versioning.commits import Commit
    from aidb.versioning.diff import FileChange
    from aidb_cli.views.patch import Read


def changes_in(context: Context, commit: Commit) -> list[FileChange]:
    """What a commit changed, compared with its first parent; all it holds, if it is the first."""
    from aidb.versioning.diff import diff_commits

    before = commit.parents[0] if commit.parents else None
    return diff_commits(context.repo.engine, context.repo.store, before, commit.id).changes


def stat_lines(context: Context, commit: Commit) -> list[str]:
    """The lines of `log --stat` for a commit."""
    changes = changes_in(context, commit)
    lines: list[str] = []
    draw_changes(_Lines(context.out, lines), changes, indent=" ")
    return [*lines, f" {tally(changes).text()}"]


def patch_lines(context: Context, commit: Commit) -> list[str]:
    """The lines of `log -p` for a commit: those of `--stat`, then what changed inside small text files."""
    from aidb_cli.views.patch import draw_patches

    lines = stat_lines(context, commit)
    inside = patchable(changes_in(context, commit)) if commit.parents else []
    draw_patches(_Lines(context.out, lines), inside, from_store(context), from_store(context))
    return lines


class _Lines(Output):
    """Collects lines instead of printing them, in the same colours."""

    def __init__(self, out: Output, lines: list[str]) -> None:
        self.__dict__.update(out.__dict__)
        self._lines = lines

    def line(self, text: str = "") -> None:
        self._lines.append(text)


def from_version(context: Context, revision: str) -> Read:
    """Reads files of a version."""
    snapshot = context.repo.at(revision)
    return lambda path, _: snapshot.read(path)


def from_store(context: Context) -> Read:
    """Reads what is staged: content that is stored, under whatever path."""
    store = context.repo.store

    def read(_: str, entry: Entry) -> bytes:
        return store.read_blob(entry.content)

    return read


def from_workspace(context: Context) -> Read:
    """Reads the files as they are now."""
    root = context.repo.root
    return lambda path, _: (root / path).read_bytes()
