"""What is said of a commit that was just made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb_cli.context import Context
from aidb_cli.views.changes import tally
from aidb_cli.views.commits import SHORT, printable
from aidb_cli.words import count, size

if TYPE_CHECKING:
    from aidb.versioning.commits import Commit


def made_lines(context: Context, made: Commit, branch: str | None) -> list[str]:
    """`[main 1f3c9a2b7e] message`, and what changed from the commit before. No branch: HEAD is detached."""
    first = "" if made.parents else " (first commit)"
    name = context.out.style("branch", branch or "detached HEAD")
    lines = [f"[{name}{first} {made.id[:SHORT]}] {printable(made.subject)}"]
    if made.parents:
        lines.append(" " + tally(context.repo.diff(made.parents[0], made.id).changes).text())
    lines.append(f" {count(made.files, 'file')}, {size(made.bytes)} in this version")
    return lines
