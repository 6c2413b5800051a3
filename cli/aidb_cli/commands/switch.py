"""`aidb switch`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.keeping import hint_at_undo
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.commits import SHORT
from aidb_cli.words import count

if TYPE_CHECKING:
    from aidb.versioning.workspace import Switched


def switch(
    context: Context,
    target: Annotated[
        str, Argument("A branch; `-` is the one before.", metavar="BRANCH", complete=complete.branches)
    ],
    start: Annotated[
        str | None,
        Argument("With -c: where the new branch starts.", metavar="START", complete=complete.revisions),
    ] = None,
    create: Annotated[bool, Option(("-c", "--create"), "Make the branch first.")] = False,
    detach: Annotated[bool, Option(("--detach",), "Go to any revision, on no branch.")] = False,
    force: Annotated[bool, Option(("-f", "--force"), "Throw away changes that are in the way.")] = False,
) -> None:
    """Go to another branch.

    The workspace is made to show it. Changes that are not committed come along; if that would lose any, nothing
    is done.
    """
    if start is not None and not create:
        raise UsageError(f"{start!r} is one word too many", hints=(f"`aidb switch -c {target} {start}`",))
    if create and detach:
        raise UsageError("-c and --detach exclude each other", hints=("Give one of them.",))
    done = context.repo.switch(
        target,
        create=create,
        start=start or "HEAD",
        detach=detach,
        force=force,
        progress=context.out.progress,
    )
    report_switch(context, done, new=create)
    if force:
        hint_at_undo(context)


def report_switch(context: Context, done: Switched, *, new: bool = False) -> None:
    """Say where the workspace is now."""
    value = {"branch": done.branch, "commit": done.commit, "written": done.written, "removed": done.removed}
    kind = "a new branch" if new else "branch"
    where = f"{kind} {done.branch}" if done.branch else f"commit {(done.commit or '')[:SHORT]}, on no branch"
    files = []
    if done.written:
        files.append(f"{count(done.written, 'file')} written")
    if done.removed:
        files.append(f"{count(done.removed, 'file')} removed")
    context.out.report(value, f"Switched to {where}" + (f" ({', '.join(files)})" if files else ""))
    for note in done.notes:
        context.out.note(f"note: {note}")
    if done.branch is None:
        context.out.hint(
            "`aidb switch -c NAME` makes a branch here, so that new commits are kept under a name."
        )


COMMAND = Command(
    switch,
    examples=(
        ("aidb switch clean", "go to a branch"),
        ("aidb switch -c clean", "make one and go there"),
        ("aidb switch -", "back to the branch before"),
        ("aidb switch --detach v1", "look at a tagged version"),
    ),
    kept="Some files may be switched already; run the same command again to finish.",
)
