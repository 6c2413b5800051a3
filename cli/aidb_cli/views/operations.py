"""Operations of the log, and what taking one back did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aidb.types import HEADS, TAGS
from aidb_cli.output import Json, Output
from aidb_cli.views.commits import SHORT, printable
from aidb_cli.words import age, count

if TYPE_CHECKING:
    from aidb.versioning.operations import Move, Operation
    from aidb.versioning.workspace import TakenBack

WIDEST = 60
_NOW = 10
"""Seconds that count as no time."""


def operation_json(operation: Operation) -> Json:
    """An operation as data. `local` operations are those that `aidb undo` goes through."""
    return {
        "id": operation.id,
        "time": operation.time.isoformat(),
        "who": operation.who,
        "verb": operation.verb,
        "about": operation.about,
        "local": operation.local,
        "done": operation.done,
        "undoes": operation.undoes,
        "redoes": operation.redoes,
        "refs": moves_json(operation.net_moves()),
        "changes_staged": bool(operation.states),
        "changes_files": operation.files is not None or bool(operation.renames),
        "not_kept": list(operation.files.lost) if operation.files else [],
    }


def moves_json(moves: Iterable[Move]) -> Json:
    """Refs with their old and new values, null for none."""
    return [{"ref": move.ref, "old": move.old, "new": move.new} for move in moves]


def operation_line(out: Output, operation: Operation, *, undone: bool) -> str:
    """`3f1c9a2b7e04  2 hours ago     commit "First images"`"""
    notes = []
    if undone:
        notes.append("undone")
    elif not operation.done:
        notes.append("interrupted")
    if not operation.local:
        notes.append(f"not from here: {operation.who}")
    note = out.style("dim", f"  ({', '.join(notes)})") if notes else ""
    title = printable(operation.title)
    what = out.style("dim", title) if undone else title
    return f"{out.style('commit', operation.id)}  {when(operation):<15} {what}{note}"


def when(operation: Operation) -> str:
    """`2 hours ago`"""
    now = datetime.now(UTC)
    return "just now" if (now - operation.time).total_seconds() < _NOW else age(operation.time, now)


def quoted(operation: Operation) -> str:
    """An operation's title within a sentence."""
    return f"`{printable(operation.subject)}`"


def move_lines(out: Output, moves: Sequence[Move]) -> list[str]:
    """A line per ref: `main  1f3c9a2b7e → 9a8b7c6d5e`"""
    names = [_name(move.ref) for move in moves]
    width = min(max(map(len, names), default=0), WIDEST)
    return [
        f"  {name:<{width}}  {_value(out, move.old)} → {_value(out, move.new)}"
        for name, move in zip(names, moves, strict=True)
    ]


def _name(ref: str) -> str:
    if ref.startswith(TAGS):
        return f"tag {ref.removeprefix(TAGS)}"
    return ref.removeprefix(HEADS).removeprefix("refs/")


def _value(out: Output, value: str | None) -> str:
    if value is None:
        return "none"
    if value.startswith("ref: "):
        return out.style("branch", value.removeprefix("ref: ").removeprefix(HEADS))
    return out.style("commit", value[:SHORT])


def taken_back_json(done: TakenBack) -> Json:
    """What an undo, a redo or a restore did."""
    return {
        "operation": done.operation.id,
        "title": done.operation.subject,
        "refs": moves_json(done.moves),
        "written": done.written,
        "removed": done.removed,
        "not_kept": list(done.lost),
    }


def effect_lines(out: Output, done: TakenBack) -> list[str]:
    """The refs that moved and the files that changed by it."""
    files = [f"{count(done.written, 'file')} written"] if done.written else []
    files += [f"{count(done.removed, 'file')} removed"] if done.removed else []
    return [*move_lines(out, done.moves), *([f"  {', '.join(files)}"] if files else [])]
