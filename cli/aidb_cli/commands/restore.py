"""`aidb restore`"""

from __future__ import annotations

from typing import Annotated, Literal

from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.keeping import hint_at_undo
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.words import count


def restore(
    context: Context,
    paths: Annotated[
        tuple[str, ...], Argument("Files and folders to bring back.", metavar="PATH", complete=complete.paths)
    ],
    source: Annotated[
        str | None,
        Option(("-s", "--source"), "From this version.", metavar="REV", complete=complete.revisions),
    ] = None,
    staged: Annotated[bool, Option(("-S", "--staged"), "What is staged: un-stage.")] = False,
    worktree: Annotated[bool, Option(("-W", "--worktree"), "The files; this is the default.")] = False,
    ours: Annotated[bool, Option(("--ours",), "Settle a conflict by the current branch's version.")] = False,
    theirs: Annotated[
        bool, Option(("--theirs",), "Settle a conflict by the merged branch's version.")
    ] = False,
    force: Annotated[bool, Option(("-f", "--force"), "Throw away changes that are in no version.")] = False,
) -> None:
    """Bring files back, or un-stage them.

    From what is staged, or from the version of --source; changed files are overwritten with --force only. With
    --staged the files stay as they are and what is staged goes back to HEAD, or to the version of --source.
    """
    restored = context.repo.restore(
        [context.inside(path) for path in paths],
        source=source,
        staged=staged,
        worktree=worktree or not staged,
        side=_side(ours, theirs),
        force=force,
        progress=context.out.progress,
    )
    done = "Un-staged" if staged and not worktree else "Restored"
    context.out.report({"restored": restored}, f"{done} {count(len(restored), 'file')}.")
    if force:
        hint_at_undo(context)


def _side(ours: bool, theirs: bool) -> Literal["ours", "theirs"] | None:
    from aidb_cli.choices import one_of

    given = one_of({"--ours": ours, "--theirs": theirs})
    if given is None:
        return None
    return "ours" if given == "--ours" else "theirs"


COMMAND = Command(
    restore,
    examples=(
        ("aidb restore labels.csv", "bring a deleted file back"),
        ("aidb restore -f labels.csv", "throw away changes to a file"),
        ("aidb restore --staged .", "un-stage everything here"),
        ("aidb restore -s main~2 train/", "a folder as it was two commits ago"),
    ),
    kept="Some files may be restored already; run the same command again to finish.",
)
