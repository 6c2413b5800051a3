"""`aidb op`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.changes import draw_changes, tally
from aidb_cli.views.commits import printable
from aidb_cli.views.operations import (
    effect_lines,
    move_lines,
    operation_json,
    operation_line,
    quoted,
    taken_back_json,
    when,
)
from aidb_cli.words import when as full_time

if TYPE_CHECKING:
    from aidb.versioning.diff import FileChange
    from aidb.versioning.operations import Operation


def op(
    context: Context,
    action: Annotated[
        Literal["log", "show", "restore"],
        Argument("What to do: list, look at one, go back to one."),
    ] = "log",
    operation: Annotated[
        str | None, Argument("Which operation; for show the last one.", "OP", complete.operations)
    ] = None,
    limit: Annotated[int | None, Option(("-n", "--max-count"), "List so many; also -5.", "N")] = None,
    force: Annotated[
        bool, Option(("-f", "--force"), "Restore even where files were changed; that work is kept for undo.")
    ] = False,
) -> None:
    """List what was done here, and go back to any point of it.

    Each command that changed branches, tags, what is staged or files is one operation. `aidb undo` takes back
    the last; restore brings everything to what it was right after the operation OP.
    """
    if action == "log":
        _log(context, limit)
    elif action == "show":
        _show(context, operation)
    elif operation is None:
        raise UsageError("no operation was named to restore", hints=("`aidb op log` lists them.",))
    else:
        _restore(context, operation, force=force)


def _log(context: Context, limit: int | None) -> None:
    from itertools import islice

    operations = context.repo.operations
    undone = operations.stacks().undone
    context.out.rows(
        islice(operations, limit),
        lambda one: {**operation_json(one), "undone": one.id in undone},
        lambda one: operation_line(context.out, one, undone=one.id in undone),
    )


def _show(context: Context, name: str | None) -> None:
    from aidb.errors import NothingToDoError

    operations = context.repo.operations
    operation = operations[name] if name is not None else next(iter(operations), None)
    if operation is None:
        raise NothingToDoError("no operation is recorded yet", hints=("`aidb add` would be one.",))
    staged, files = operations.staged_changes(operation), operations.file_changes(operation)
    if context.out.json_mode:
        sums = {"staged": tally(staged).json(), "files": tally(files).json()}
        context.out.emit({**operation_json(operation), **sums})
        return
    with context.out.paged():
        _draw(context, operation, staged, files)


def _draw(context: Context, operation: Operation, staged: list[FileChange], files: list[FileChange]) -> None:
    out = context.out
    out.line(f"{out.style('commit', f'operation {operation.id}')}")
    out.line(f"What:   {printable(operation.title)}")
    out.line(f"Date:   {full_time(operation.time)}, {when(operation)}")
    out.line(f"Who:    {operation.who}")
    if not operation.done:
        out.line("It was interrupted, or is still at work.")
    for title, changes in (("Staged", staged), ("Files", files)):
        if changes:
            out.line(f"\n{title}: {tally(changes).text()}")
            draw_changes(out, changes, indent="  ")
    if moves := operation.net_moves():
        out.line("\nRefs:")
        for line in move_lines(out, moves):
            out.line(line)
    for path in operation.files.lost if operation.files else ():
        out.line(f"not kept: {path}")


def _restore(context: Context, name: str, *, force: bool) -> None:
    done = context.repo.operations.restore(name, force=force, progress=context.out.progress)
    context.out.report(
        taken_back_json(done),
        f"Everything is as it was after {quoted(done.operation)} ({when(done.operation)}).",
        *effect_lines(context.out, done),
    )
    context.out.hint("`aidb undo` takes this back.")


COMMAND = Command(
    op,
    examples=(
        ("aidb op log -10", "the last ten operations"),
        ("aidb op show", "what the last one changed"),
        ("aidb op restore 3f1c9a", "everything as it was after that operation"),
    ),
    pages=True,
    number="-n",
    kept="Some files may be restored already; run the same command again to finish.",
)
