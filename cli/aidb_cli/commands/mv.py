"""`aidb mv`"""

from __future__ import annotations

from typing import Annotated

from aidb.types import show_path
from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.syntax import Argument, Command, Option

_SHOWN = 20


def mv(
    context: Context,
    sources: Annotated[
        tuple[str, ...], Argument("What to rename or move.", metavar="SOURCE", complete=complete.paths)
    ],
    target: Annotated[str, Argument("The new name, or an existing folder to move into.", metavar="TARGET")],
    force: Annotated[bool, Option(("-f", "--force"), "Replace a file that is in the way.")] = False,
) -> None:
    """Rename or move files and folders; no data is copied."""
    inside = [context.inside(path) for path in sources]
    moved = context.repo.move(inside, context.inside(target), force=force)
    lines = [
        f"{show_path(context.from_here(old))} → {show_path(context.from_here(new))}"
        for old, new in moved[:_SHOWN]
    ]
    if len(moved) > _SHOWN:
        lines.append(f"… and {len(moved) - _SHOWN:,} more")
    context.out.report([{"old": old, "new": new} for old, new in moved], *lines)


COMMAND = Command(
    mv,
    examples=(
        ("aidb mv train.csv labels.csv", "rename a file"),
        ("aidb mv a.png b.png images/", "move files into a folder"),
    ),
)
