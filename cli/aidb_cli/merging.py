"""What a merge or a revert came to, in words and as an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aidb.types import show_path
from aidb_cli.context import Context
from aidb_cli.failures import CONFLICTS, FINE
from aidb_cli.views.commits import SHORT, printable

if TYPE_CHECKING:
    from aidb.versioning.workspace import Merged

_MOST = 40


def report_merge(context: Context, merged: Merged, what: Literal["merge", "revert"]) -> int:
    """Report and return the exit code: 5 if there are conflicts."""
    if merged.kind == "conflicts":
        _report_conflicts(context, merged, what)
        return CONFLICTS
    commit = merged.commit
    lines = {
        "up-to-date": "Already up to date.",
        "fast-forward": "Fast-forward",
        "merged": "Merged" if what == "merge" else "Reverted",
    }
    text = lines[merged.kind]
    if commit is not None and merged.kind != "up-to-date":
        text += f": {commit.id[:SHORT]} {printable(commit.subject)}"
    context.out.report(_json(merged), text)
    return FINE


def _report_conflicts(context: Context, merged: Merged, what: str) -> None:
    lines = [
        f"{context.out.style('conflict', 'CONFLICT')} {show_path(context.from_here(c.path))}  ({c.reason})"
        for c in merged.conflicts[:_MOST]
    ]
    if len(merged.conflicts) > _MOST:
        lines.append(f"… and {len(merged.conflicts) - _MOST:,} more")
    number = len(merged.conflicts)
    lines.append(
        f"The {what} stopped at {number:,} conflict{'s' if number != 1 else ''}; the rest is done and staged."
    )
    context.out.report(_json(merged), *lines)
    context.out.hint(
        "`aidb restore --ours PATH` or `--theirs PATH` settles one; so does editing it and `aidb add PATH`."
    )
    context.out.hint(f"Then `aidb commit` concludes it; `aidb {what} --abort` gives up.")


def _json(merged: Merged) -> dict[str, object]:
    return {
        "kind": merged.kind,
        "commit": None if merged.commit is None else merged.commit.id,
        "conflicts": [{"path": c.path, "reason": c.reason} for c in merged.conflicts],
    }
