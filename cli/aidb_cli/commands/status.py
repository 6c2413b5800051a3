"""`aidb status`"""

from __future__ import annotations

from typing import Annotated

from aidb_cli.context import Context
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.status import StatusView


def status(
    context: Context,
    paths: Annotated[tuple[str, ...], Argument("Look only at these files and folders.", metavar="PATH")] = (),
    short: Annotated[
        bool, Option(("-s", "--short"), "One line per path: what is staged, what is not.")
    ] = False,
) -> None:
    """Show what changed and what to do next.

    What is staged, what is not, what is not tracked, and conflicts. Files whose size and time are as they were
    when they were added are not read again.
    """
    found = context.repo.status([context.inside(path) for path in paths])
    view = StatusView(found, context.from_here)
    if short and not context.out.json_mode:
        view.draw_short(context.out)
    else:
        context.out.show(view)


COMMAND = Command(
    status,
    examples=(
        ("aidb status", "where you are and what changed"),
        ("aidb status -s train", "briefly, and only below train"),
        ("aidb status --json", "for a script"),
    ),
)
