"""Conflicts of a merge or revert, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aidb.types import show_path
from aidb_cli.output import Json, Output

if TYPE_CHECKING:
    from aidb.versioning.workspace import ConflictedPath

MOST = 40
"""More conflicts than this are counted, not listed; JSON has them all."""

_WORDS = {
    "modified-both": "changed on both sides",
    "added-both": "added on both sides",
    "deleted-by-ours": "deleted here, changed there",
    "deleted-by-theirs": "changed here, deleted there",
    "file-folder": "a file on one side, a folder on the other",
}


def conflict_lines(
    out: Output, conflicts: Sequence[ConflictedPath], from_here: Callable[[str], str]
) -> list[str]:
    """A line per conflict: its path and why."""
    names = [show_path(from_here(conflict.path)) for conflict in conflicts[:MOST]]
    width = max(map(len, names), default=0)
    lines = [
        f"{out.style('conflict', name)}{' ' * (width - len(name))}  {_why(conflict)}"
        for name, conflict in zip(names, conflicts, strict=False)
    ]
    if len(conflicts) > MOST:
        lines.append(f"… and {len(conflicts) - MOST:,} more")
    return lines


def _why(conflict: ConflictedPath) -> str:
    words = _WORDS[conflict.reason]
    return f"{words}: {show_path(conflict.note)}" if conflict.note else words


def conflicts_json(conflicts: Sequence[ConflictedPath]) -> Json:
    """Paths and reasons: modified-both, added-both, deleted-by-ours, deleted-by-theirs, file-folder; a note."""
    return [_conflict_json(conflict) for conflict in conflicts]


def _conflict_json(conflict: ConflictedPath) -> Json:
    value = {"path": conflict.path, "reason": conflict.reason}
    return {**value, "note": conflict.note} if conflict.note else value
