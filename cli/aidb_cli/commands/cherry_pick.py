"""`aidb cherry-pick`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.failures import CONFLICTS, FINE, UsageError
from aidb_cli.merging import hint_at_settling, stopped_lines
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.commits import SHORT, printable
from aidb_cli.views.conflicts import conflicts_json
from aidb_cli.words import count

if TYPE_CHECKING:
    from aidb.versioning.commits import Commit
    from aidb.versioning.workspace import Picked
    from aidb_cli.output import Json


def cherry_pick(
    context: Context,
    revisions: Annotated[
        tuple[str, ...], Argument("Commits, or ranges A..B, oldest first.", "REV", complete.revisions)
    ] = (),
    go_on: Annotated[bool, Option(("--continue",), "Commit the pick that stopped at conflicts.")] = False,
    abort: Annotated[bool, Option(("--abort",), "Give up the pick that stopped at conflicts.")] = False,
    parent: Annotated[
        int | None,
        Option(("-m", "--mainline"), "Of a merge: compare with its parent number N.", metavar="N"),
    ] = None,
    no_verify: Annotated[bool, Option(("--no-verify",), "Do not ask the checks and hooks.")] = False,
) -> int:
    """Do here once more what commits of another branch did.

    Each becomes a new commit with the same message and author. Files that were changed here, too, are conflicts,
    settled as after `aidb merge`; the same command again then picks the rest.
    """
    if abort:
        context.repo.abort_merge(progress=context.out.progress)
        context.out.report(
            {"aborted": True}, "The cherry-pick was given up; what was picked before it stays."
        )
        return FINE
    if go_on == bool(revisions):
        raise UsageError(
            "name commits to pick, or --continue", hints=("`aidb log --oneline --all` lists them.",)
        )
    picked = context.repo.cherry_pick(
        revisions, parent=parent, verify=not no_verify, progress=context.out.progress
    )
    lines = [f"Picked {_line(commit)}" for commit in picked.made]
    lines += [f"Nothing to pick from {_line(commit)}: it is here already." for commit in picked.present]
    if picked.stopped is not None:
        lines += stopped_lines(context, f"Picking {_line(picked.stopped)}", picked.conflicts)
    context.out.report(_json(picked), *lines)
    if picked.stopped is None:
        return FINE
    hint_at_settling(context)
    rest = (
        f"; the same command again also picks the {count(len(picked.left), 'commit')} after it"
        if picked.left
        else ""
    )
    context.out.hint(f"Then `aidb cherry-pick --continue` commits it{rest}. `--abort` gives it up.")
    return CONFLICTS


def _line(commit: Commit) -> str:
    return f"{commit.id[:SHORT]} {printable(commit.subject)}"


def _json(picked: Picked) -> Json:
    return {
        "commits": [commit.id for commit in picked.made],
        "present": [commit.id for commit in picked.present],
        "stopped": None if picked.stopped is None else picked.stopped.id,
        "conflicts": conflicts_json(picked.conflicts),
        "left": picked.left,
    }


COMMAND = Command(
    cherry_pick,
    examples=(
        ("aidb cherry-pick clean", "the last commit of clean"),
        ("aidb cherry-pick main..fix", "everything that fix has and main has not"),
        ("aidb cherry-pick --continue", "after conflicts were settled"),
    ),
    kept="Some commits may be picked already; the same command again picks the rest.",
)
