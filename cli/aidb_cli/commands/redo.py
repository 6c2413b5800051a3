"""`aidb redo`"""

from __future__ import annotations

from typing import Annotated

from aidb_cli.context import Context
from aidb_cli.syntax import Command, Option
from aidb_cli.views.operations import effect_lines, quoted, taken_back_json


def redo(
    context: Context,
    force: Annotated[
        bool, Option(("-f", "--force"), "Also where files were changed since; that work is kept for undo.")
    ] = False,
) -> None:
    """Do again what the last undo took back.

    Possible until something else is done.
    """
    done = context.repo.operations.redo(force=force, progress=context.out.progress)
    context.out.report(
        taken_back_json(done),
        f"Did {quoted(done.operation)} again.",
        *effect_lines(context.out, done),
    )
    context.out.hint("`aidb undo` takes it back.")


COMMAND = Command(
    redo,
    examples=(("aidb redo", "the undo was a mistake"),),
    kept="Some files may be done already; `aidb redo` again finishes it.",
)
