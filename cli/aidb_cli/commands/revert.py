"""`aidb revert`"""

from __future__ import annotations

from functools import partial
from typing import Annotated

from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.merging import run_merge
from aidb_cli.syntax import Argument, Command, Option


def revert(
    context: Context,
    revision: Annotated[
        str | None, Argument("The commit to undo.", "REV", complete=complete.revisions)
    ] = None,
    message: Annotated[
        tuple[str, ...], Option(("-m", "--message"), "Instead of `Revert …`.", metavar="TEXT")
    ] = (),
    no_verify: Annotated[bool, Option(("--no-verify",), "Do not ask the checks and hooks.")] = False,
    abort: Annotated[bool, Option(("--abort",), "Give up the revert under way.")] = False,
) -> int:
    """Undo a commit with a new one.

    The new commit does the opposite; history stays. Files that were changed again since are conflicts, settled
    as after `aidb merge`.
    """
    if abort:
        context.repo.abort_merge(progress=context.out.progress)
        context.out.report({"aborted": True}, "The revert was given up; the branch is as it was before.")
        return 0
    if revision is None:
        raise UsageError("no commit was named to revert", hints=("`aidb log --oneline` lists them.",))
    text = "\n\n".join(message) or None
    revert = partial(
        context.repo.revert, revision, message=text, verify=not no_verify, progress=context.out.progress
    )
    return run_merge(context, "revert", revert)


COMMAND = Command(
    revert,
    examples=(
        ("aidb revert HEAD", "undo the last commit"),
        ("aidb revert main~2", "undo an earlier one, keep what came after"),
    ),
    kept="Some files may be reverted already; `aidb status` tells, the same command finishes it.",
)
