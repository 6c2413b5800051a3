"""Which changes a commit made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb_cli.context import Context
from aidb_cli.output import Output
from aidb_cli.views.changes import draw_changes, tally

if TYPE_CHECKING:
    from aidb.versioning.commits import Commit
    from aidb.versioning.diff import FileChange


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
    """The lines of `log -p` for a commit: those of `--stat`, then what changed inside the files."""
    from aidb_cli.insides import Insides

    lines = stat_lines(context, commit)
    if commit.parents:
        Insides(context.repo.diff(commit.parents[0], commit.id)).draw(_Lines(context.out, lines))
    return lines


class _Lines(Output):
    """Collects lines instead of printing them, in the same colours."""

    def __init__(self, out: Output, lines: list[str]) -> None:
        self.__dict__.update(out.__dict__)
        self._lines = lines

    def line(self, text: str = "") -> None:
        self._lines.append(text)

    def note(self, text: str) -> None:
        """Nothing: what helps a person with one commit is noise between many."""
