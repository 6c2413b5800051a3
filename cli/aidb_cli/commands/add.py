"""`aidb add`"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

from aidb.types import show_path
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.words import size

if TYPE_CHECKING:
    from aidb.versioning.workspace import AddResult


def add(
    context: Context,
    paths: Annotated[
        tuple[str, ...], Argument("Files, and folders with all that is below.", metavar="PATH")
    ] = (),
    update: Annotated[bool, Option(("-u", "--update"), "Only files that are tracked already.")] = False,
    everything: Annotated[
        bool, Option(("-A", "--all"), "The whole workspace, wherever you are in it.")
    ] = False,
    force: Annotated[bool, Option(("-f", "--force"), "Also files that .aidbignore leaves out.")] = False,
    gitignore: Annotated[
        bool, Option(("--gitignore",), "Beside Git: also write PATHs into .gitignore.")
    ] = False,
    dry_run: Annotated[bool, Option(("-n", "--dry-run"), "Only show what would be added.")] = False,
) -> None:
    """Stage files: take their present content into the next commit.

    Files that were deleted are taken out of it. Only what changed is read. Interrupted, it keeps what it has
    read: run it again and it goes on from there.
    """
    if not paths and not (update or everything):
        raise UsageError("nothing was named to add", hints=("`aidb add .` adds the current folder.",))
    inside = [context.inside(path) for path in paths] or ["."]
    if dry_run:
        _show_plan(context, inside, update)
        return
    if gitignore:
        _ignore_in_git(context, inside)
    result = context.repo.add(inside, update=update, force=force, progress=context.out.progress)
    context.out.report(_json(result), _summary(result))
    for note in result.notes:
        context.out.note(f"note: {note}")


def _show_plan(context: Context, paths: list[str], update: bool) -> None:
    status = context.repo.status(() if paths == ["."] else paths)
    plan = [("remove" if change.status == "D" else "add", change.path) for change in status.unstaged]
    plan += [] if update else [("add", path) for path in status.untracked]
    context.out.rows(
        plan,
        lambda item: {"action": item[0], "path": item[1]},
        lambda item: f"{item[0]} {show_path(context.from_here(item[1]))}",
    )


def _ignore_in_git(context: Context, paths: list[str]) -> None:
    from aidb.versioning.workspace import ignore_in_git

    lines = ignore_in_git(context.repo.root, [os.fsencode(path) for path in paths if path != "."])
    if lines:
        context.out.note(f"note: wrote to .gitignore: {', '.join(map(show_path, lines))}")


def _summary(result: AddResult) -> str:
    parts = [
        f"{number:,} {word}"
        for number, word in (
            (result.added, "added"),
            (result.modified, "modified"),
            (result.removed, "removed"),
        )
        if number
    ]
    if not parts:
        return "Nothing changed since it was last added."
    text = "Staged: " + ", ".join(parts)
    if result.bytes_read:
        text += f" ({size(result.bytes_read)})"
    return text


def _json(result: AddResult) -> dict[str, object]:
    return {
        "added": result.added,
        "modified": result.modified,
        "removed": result.removed,
        "bytes_read": result.bytes_read,
        "notes": list(result.notes),
    }


COMMAND = Command(
    add,
    examples=(
        ("aidb add .", "everything in the current folder"),
        ("aidb add train/ labels.csv", "a folder and a file"),
        ("aidb add -u", "only what is tracked already"),
        ("aidb add -n .", "show what would be added"),
    ),
    kept="What was read so far is kept: run the same command again and it goes on from there.",
)
