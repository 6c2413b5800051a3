"""`aidb reset`"""

from __future__ import annotations

from typing import Annotated, Literal

from aidb_cli import complete
from aidb_cli.choices import one_of
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.keeping import hint_at_undo
from aidb_cli.locations import split_revisions
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.commits import SHORT, commit_json, printable

_MODES: dict[str | None, Literal["soft", "mixed", "hard"]] = {
    "--soft": "soft",
    "--mixed": "mixed",
    "--hard": "hard",
    None: "mixed",
}


def reset(
    context: Context,
    words: Annotated[
        tuple[str, ...],
        Argument("Where to; then, after --, paths to un-stage instead.", "REV", complete=complete.revisions),
    ] = (),
    soft: Annotated[bool, Option(("--soft",), "Keep what is staged and the files.")] = False,
    mixed: Annotated[bool, Option(("--mixed",), "Un-stage, keep the files; this is the default.")] = False,
    hard: Annotated[bool, Option(("--hard",), "Also make the files as they were there.")] = False,
    force: Annotated[bool, Option(("-f", "--force"), "With --hard: even if changes are lost.")] = False,
) -> None:
    """Move the branch to another commit, or un-stage.

    Commits left behind stay in the reflog: `aidb reset main@{1}` goes back.
    """
    given = one_of({"--soft": soft, "--mixed": mixed, "--hard": hard})
    revisions, paths = split_revisions(context, words, 1)
    if paths and given:
        raise UsageError(f"{given} moves the whole branch, not single paths", hints=("Leave out the paths.",))
    revision = revisions[0] if revisions else "HEAD"
    moved = context.repo.reset(
        revision, mode=_MODES[given], paths=paths, force=force, progress=context.out.progress
    )
    if moved is None:
        context.out.report({"unstaged": paths}, "Un-staged.")
    else:
        context.out.report(
            commit_json(moved), f"HEAD is now at {moved.id[:SHORT]} {printable(moved.subject)}"
        )
    if force:
        hint_at_undo(context)


COMMAND = Command(
    reset,
    examples=(
        ("aidb reset", "un-stage everything"),
        ("aidb reset --soft HEAD~", "undo the last commit, keep its changes staged"),
        ("aidb reset --hard main~3", "go back three commits, files too"),
        ("aidb reset -- labels.csv", "un-stage a file"),
    ),
    dashes=True,
    kept="The branch may not have moved yet; run the same command again to finish.",
)
