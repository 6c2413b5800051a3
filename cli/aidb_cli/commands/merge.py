"""`aidb merge`"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from aidb_cli import complete
from aidb_cli.choices import one_of
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.merging import run_merge
from aidb_cli.syntax import Argument, Command, Option

if TYPE_CHECKING:
    Strategy = Literal["ours", "theirs", "both"]

_STRATEGIES: dict[str | None, Strategy | None] = {
    "--ours": "ours",
    "--theirs": "theirs",
    "--both": "both",
    None: None,
}
_FAST_FORWARD: dict[str | None, Literal["auto", "only", "never"]] = {
    "--ff-only": "only",
    "--no-ff": "never",
    None: "auto",
}


def merge(
    context: Context,
    revision: Annotated[
        str | None, Argument("What to merge into the current branch.", "REV", complete=complete.revisions)
    ] = None,
    message: Annotated[
        tuple[str, ...], Option(("-m", "--message"), "The message of the merge commit.", metavar="TEXT")
    ] = (),
    ours: Annotated[
        bool, Option(("--ours",), "Where both changed a file, take the current branch's.")
    ] = False,
    theirs: Annotated[
        bool, Option(("--theirs",), "Where both changed a file, take the merged one's.")
    ] = False,
    both: Annotated[
        bool, Option(("--both",), "Where both changed a file, keep both, under two names.")
    ] = False,
    no_ff: Annotated[bool, Option(("--no-ff",), "Always make a merge commit.")] = False,
    ff_only: Annotated[bool, Option(("--ff-only",), "Only if no merge commit is needed.")] = False,
    no_verify: Annotated[bool, Option(("--no-verify",), "Do not ask the checks and hooks.")] = False,
    abort: Annotated[bool, Option(("--abort",), "Give up the merge under way.")] = False,
) -> int:
    """Bring another branch's changes into this one.

    Files that both sides changed are conflicts: exit code 5, and `aidb status` lists them. Settle each with
    `aidb restore --ours` or `--theirs`, or edit it and `aidb add` it; then `aidb commit`. Tables for which
    .aidbattributes says `merge=table key=COLUMN` are merged row by row and cell by cell first.
    """
    strategy = one_of({"--ours": ours, "--theirs": theirs, "--both": both})
    fast_forward = one_of({"--no-ff": no_ff, "--ff-only": ff_only})
    if abort:
        context.repo.abort_merge(progress=context.out.progress)
        context.out.report({"aborted": True}, "The merge was given up; the branch is as it was before.")
        return 0
    if revision is None:
        raise UsageError("no branch was named to merge", hints=("`aidb branch` lists them.",))
    merge = partial(
        context.repo.merge,
        revision,
        message="\n\n".join(message) or None,
        strategy=_STRATEGIES[strategy],
        fast_forward=_FAST_FORWARD[fast_forward],
        verify=not no_verify,
        progress=context.out.progress,
    )
    return run_merge(context, "merge", merge)


COMMAND = Command(
    merge,
    examples=(
        ("aidb merge clean", "bring clean into the current branch"),
        ("aidb merge --theirs clean", "let clean win where both changed a file"),
        ("aidb merge --abort", "back to before the merge"),
    ),
    kept="Some files may be merged already; `aidb status` tells, the same command finishes it.",
)
