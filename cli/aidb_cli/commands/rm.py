"""`aidb rm`"""

from __future__ import annotations

from typing import Annotated

from aidb.types import show_path
from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.keeping import hint_at_undo
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.words import count

_SHOWN = 20


def rm(
    context: Context,
    paths: Annotated[
        tuple[str, ...], Argument("Tracked files; folders with -r.", metavar="PATH", complete=complete.paths)
    ],
    recursive: Annotated[bool, Option(("-r", "--recursive"), "Folders too, with all that is below.")] = False,
    cached: Annotated[bool, Option(("--cached",), "Keep the files; only stop tracking them.")] = False,
    force: Annotated[
        bool, Option(("-f", "--force"), "Even files with changes that are not committed.")
    ] = False,
) -> None:
    """Remove files from the workspace and the next commit.

    Versions already committed keep them.
    """
    inside = [context.inside(path) for path in paths]
    removed = context.repo.remove(inside, cached=cached, recursive=recursive, force=force)
    lines = [f"removed {show_path(context.from_here(path))}" for path in removed[:_SHOWN]]
    if len(removed) > _SHOWN:
        lines.append(f"… and {len(removed) - _SHOWN:,} more, {count(len(removed), 'file')} in all")
    context.out.report({"removed": removed, "cached": cached}, *lines)
    if force:
        hint_at_undo(context)


COMMAND = Command(
    rm,
    examples=(
        ("aidb rm broken.png", "delete a file, here and in the next commit"),
        ("aidb rm -r old-labels", "a whole folder"),
        ("aidb rm --cached notes.txt", "stop tracking a file but keep it"),
    ),
)
