"""`aidb rm`"""

from __future__ import annotations

from typing import Annotated

from aidb.errors import InvalidPathError
from aidb.types import show_path
from aidb_cli import complete, transacting
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.keeping import hint_at_undo
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.transacting import OnBranch
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
    message: transacting.Message = (),
) -> None:
    """Remove files from the workspace and the next commit.

    Versions already committed keep them. With BRANCH:PATH, remove them from that branch alone, as a commit that needs
    -m; the workspace stays as it is.
    """
    on_branches = [found for word in paths if (found := transacting.if_on_branch(context, word)) is not None]
    if on_branches:
        _from_branch(context, paths, on_branches, message, recursive=recursive, cached=cached)
        return
    transacting.refuse_message(message)
    inside = [context.inside(path) for path in paths]
    removed = context.repo.remove(inside, cached=cached, recursive=recursive, force=force)
    lines = [f"removed {show_path(context.from_here(path))}" for path in removed[:_SHOWN]]
    if len(removed) > _SHOWN:
        lines.append(f"… and {len(removed) - _SHOWN:,} more, {count(len(removed), 'file')} in all")
    context.out.report({"removed": removed, "cached": cached}, *lines)
    if force:
        hint_at_undo(context)


def _from_branch(
    context: Context,
    words: tuple[str, ...],
    targets: list[OnBranch],
    message: tuple[str, ...],
    *,
    recursive: bool,
    cached: bool,
) -> None:
    branch = targets[0].branch
    if len(targets) != len(words) or any(target.branch != branch for target in targets) or cached:
        raise UsageError(
            "paths of one branch are removed by a command of their own",
            hints=("Give only such paths, without --cached.",),
        )
    with transacting.begin(context, branch, message) as tx:
        for target in targets:
            if tx.is_folder(target.path) and not recursive:
                raise InvalidPathError(
                    f"{show_path(target.path or '.')} is a folder",
                    hints=("`aidb rm -r` removes folders.",),
                )
            tx.delete(target.path)
    transacting.report(context, branch, tx)


COMMAND = Command(
    rm,
    examples=(
        ("aidb rm broken.png", "delete a file, here and in the next commit"),
        ("aidb rm -r old-labels", "a whole folder"),
        ("aidb rm --cached notes.txt", "stop tracking a file but keep it"),
        ('aidb rm -r main:scratch -m "Tidy up"', "on a branch, without the workspace"),
    ),
)
