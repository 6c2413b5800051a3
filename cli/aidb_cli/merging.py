"""What a merge or a revert came to, in words and as an exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from aidb.versioning.workspace.report import some
from aidb_cli.context import Context
from aidb_cli.failures import CONFLICTS, FINE
from aidb_cli.views.changes import draw_changes, tally
from aidb_cli.views.commits import SHORT, printable
from aidb_cli.views.conflicts import conflict_lines, conflicts_json
from aidb_cli.words import count

if TYPE_CHECKING:
    from aidb.versioning.workspace import ConflictedPath, Merged

_DONE = {"merge": "Merged", "revert": "Reverted"}


def run_merge(context: Context, what: Literal["merge", "revert"], merge: Callable[[], Merged]) -> int:
    """Merge or revert, report and return the exit code: 5 if there are conflicts."""
    before = context.repo.head.commit
    merged = merge()
    if merged.kind == "conflicts":
        _report_conflicts(context, merged, what)
        return CONFLICTS
    if merged.commit is None or merged.kind == "up-to-date":
        context.out.report(_json(merged), "Already up to date.")
        return FINE
    done = "Fast-forward to" if merged.kind == "fast-forward" else _DONE[what]
    context.out.report(_json(merged), f"{done} {merged.commit.id[:SHORT]} {printable(merged.commit.subject)}")
    if before is not None and not (context.out.json_mode or context.out.quiet):
        changes = context.repo.diff(before, merged.commit.id).changes
        draw_changes(context.out, changes, indent=" ")
        context.out.line(f" {tally(changes).text()}")
    note_merged_inside(context, merged.merged_inside)
    if merged.resolved:
        context.out.note(f"note: {count(len(merged.resolved), 'conflict')} settled as asked for")
    return FINE


def note_merged_inside(context: Context, paths: Sequence[str]) -> None:
    """Which files had their content merged, if any."""
    if paths:
        context.out.note(f"note: merged inside {some(paths)}")


def stopped_lines(context: Context, what: str, conflicts: Sequence[ConflictedPath]) -> list[str]:
    """That something stopped at conflicts, and which."""
    lines = conflict_lines(context.out, conflicts, context.from_here)
    number = count(len(conflicts), "conflict")
    return [f"{what} stopped at {number}; everything else is staged.", *(f"  {line}" for line in lines)]


def hint_at_settling(context: Context) -> None:
    """How a conflict is settled."""
    context.out.hint(
        "`aidb restore --ours PATH` or `--theirs PATH` settles one, or edit it and `aidb add PATH`."
    )


def _report_conflicts(context: Context, merged: Merged, what: str) -> None:
    context.out.report(_json(merged), *stopped_lines(context, f"The {what}", merged.conflicts))
    hint_at_settling(context)
    context.out.hint(f"Then `aidb commit` concludes the {what}; `aidb {what} --abort` gives it up.")


def _json(merged: Merged) -> dict[str, object]:
    return {
        "kind": merged.kind,
        "commit": None if merged.commit is None else merged.commit.id,
        "conflicts": conflicts_json(merged.conflicts),
        "resolved": conflicts_json(merged.resolved),
        "merged_inside": merged.merged_inside,
        "written": merged.written,
        "removed": merged.removed,
    }
