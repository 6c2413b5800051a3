"""What changed inside small text files, as a unified diff.

Both sides must be UTF-8 and small: this is for labels, configurations and notes, not for data. Everything else is told
by its sizes.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from aidb.types import Kind, show_path
from aidb_cli.output import Output

if TYPE_CHECKING:
    from aidb.types import Entry
    from aidb.versioning.diff import FileChange

MOST_BYTES = 64 * 1024
"""Larger files are not compared line by line."""

Read = Callable[[str, "Entry"], bytes]
"""The content of a path on one side."""

_STYLES = {"+": "added", "-": "removed", "@": "renamed"}


def draw_patches(out: Output, changes: Iterable[FileChange], read_old: Read, read_new: Read) -> int:
    """Draw what can be drawn; return how many files that was."""
    drawn = 0
    for change in changes:
        lines = list(_patch(change, read_old, read_new))
        if lines:
            drawn += 1
            out.line()
        for line in lines:
            out.line(_colored(out, line))
    return drawn


def _patch(change: FileChange, read_old: Read, read_new: Read) -> Iterator[str]:
    if not (_comparable(change.old) and _comparable(change.new)) or change.old == change.new:
        return
    old = _lines(change.old_path or change.path, change.old, read_old)
    new = _lines(change.path, change.new, read_new)
    if old is None or new is None:
        return
    before = f"a/{show_path(change.old_path or change.path)}" if change.old else "/dev/null"
    after = f"b/{show_path(change.path)}" if change.new else "/dev/null"
    for line in difflib.unified_diff(old, new, before, after, lineterm=""):
        yield line.rstrip(_NO_NEWLINE)
        if (
            line.startswith(("+", "-", " "))
            and not line.startswith(("+++ ", "--- "))
            and line[-1:] == _NO_NEWLINE
        ):
            yield "\\ No newline at end of file"


_NO_NEWLINE = "\0"


def _comparable(entry: Entry | None) -> bool:
    return entry is None or (entry.kind is not Kind.SYMLINK and entry.size <= MOST_BYTES)


def _lines(path: str, entry: Entry | None, read: Read) -> list[str] | None:
    """The lines of one side; None if it is not text. A last line without its end is marked, so that it differs."""
    if entry is None:
        return []
    data = read(path, entry)
    if b"\0" in data or len(data) > MOST_BYTES:
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    lines = text.split("\n")
    last = lines.pop()
    return [*lines, last + _NO_NEWLINE] if last else lines


def _colored(out: Output, line: str) -> str:
    if line.startswith(("+++ ", "--- ")):
        return out.style("heading", line)
    clean = "".join(char for char in line if char.isprintable() or char == "\t")
    style = _STYLES.get(line[:1])
    return out.style(style, clean) if style else clean
