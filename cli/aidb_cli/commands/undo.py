"""`aidb undo`"""

from __future__ import annotations

from typing import Annotated

from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.operations import effect_lines, quoted, taken_back_json, when
from aidb_cli.words import count


def undo(
    context: Context,
    operation: Annotated[
        str | None,
        Argument("Which operation, if not the last one; see `aidb op log`.", "OP", complete.operations),
    ] = None,
    force: Annotated[
        bool, Option(("-f", "--force"), "Also where files were changed since; that work is kept for redo.")
    ] = False,
) -> None:
    """Take back what the last command did.

    Branches and tags, what is staged and files become what they were before it; also work that --force threw
    away comes back. Again, it takes back the command before. `aidb redo` goes the other way.
    """
    done = context.repo.operations.undo(operation, force=force, progress=context.out.progress)
    context.out.report(
        taken_back_json(done),
        f"Undid {quoted(done.operation)} ({when(done.operation)}).",
        *effect_lines(context.out, done),
    )
    if done.lost:
        context.out.warn(
            f"the former content of {count(len(done.lost), 'file')} was not kept: {', '.join(done.lost[:3])}"
        )
    upcoming = f"; `aidb undo` takes back {quoted(done.upcoming)} next" if done.upcoming else ""
    context.out.hint(f"`aidb redo` does it again{upcoming}.")


COMMAND = Command(
    undo,
    examples=(
        ("aidb undo", "take back the last command, even a commit, merge or reset"),
        ("aidb undo && aidb undo", "and the one before it"),
        ("aidb undo 3f1c9a", "take back an earlier one, if nothing builds on it"),
    ),
    kept="Some files may be as before already; `aidb undo` again finishes it.",
)
