"""`aidb gc`"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from aidb_cli.choices import one_of
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.syntax import Command, Option
from aidb_cli.views.garbage import GarbageView, PrunedView, total
from aidb_cli.words import count, size


def gc(
    context: Context,
    prune: Annotated[bool, Option(("--prune",), "Collect; without it, only tell what would go.")] = False,
    undo: Annotated[bool, Option(("--undo",), "Bring back what the last collection set aside.")] = False,
    dry_run: Annotated[bool, Option(("-n", "--dry-run"), "Only tell what would go; the default.")] = False,
    grace: Annotated[
        str, Option(("--grace",), "Spare what is younger, and keep what is set aside so long.", "AGE")
    ] = "2w",
    thorough: Annotated[
        bool, Option(("--thorough",), "Also write packs anew that are nearly all in use.")
    ] = False,
    reflog_expire: Annotated[
        str | None, Option(("--reflog-expire",), "First forget moves of branches older than this.", "AGE")
    ] = None,
) -> None:
    """Remove what no version needs any more.

    Tells what would go and why the rest stays; `--prune` does it, in two steps: garbage is set aside first, and a later
    `aidb gc --prune` deletes it when it has been there for the grace period. Until then `--undo` brings it back.

    Branches, tags, HEAD, reflogs, what is staged and a merge under way keep data. Reflogs never expire by
    themselves: a branch that was deleted is kept by that of HEAD until `--reflog-expire`.

    AGE is written like 2w, 14d or 36h. `--grace 0` deletes at once; it is refused while anybody else is writing.
    """
    from aidb.versioning.dates import parse_span

    one_of({"--prune": prune, "--undo": undo, "--dry-run": dry_run})
    spare = parse_span(grace)
    since = None if reflog_expire is None else datetime.now().astimezone() - parse_span(reflog_expire)
    garbage, progress = context.repo.garbage, context.out.progress
    if undo:
        if thorough or since is not None:
            raise UsageError("--undo takes no other options")
        _undo(context)
    elif prune:
        pruned = garbage.prune(grace=spare, thorough=thorough, moves_since=since, progress=progress)
        context.out.show(PrunedView(pruned))
    else:
        found = garbage.look(grace=spare, thorough=thorough, moves_since=since, progress=progress)
        context.out.show(GarbageView(found, at_once=not spare, expires=since is not None))


def _undo(context: Context) -> None:
    back = context.repo.garbage.undo()
    value = {"brought_back": [str(kept.pack) for kept in back], "bytes": total(back)}
    if back:
        context.out.report(value, f"Brought back {count(len(back), 'pack')}, {size(total(back))}.")
    else:
        context.out.report(value, "There is nothing in quarantine.")


COMMAND = Command(
    gc,
    examples=(
        ("aidb gc", "what would go, and what keeps the rest"),
        ("aidb gc --prune", "set garbage aside, delete what was set aside two weeks ago"),
        ("aidb gc --undo", "bring back what was set aside last"),
        ("aidb gc --prune --reflog-expire 90d", "let go of branches deleted long ago"),
    ),
    kept="Nothing that is needed was removed; run the same command again to finish.",
)
