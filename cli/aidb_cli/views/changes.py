"""Changes between two versions, file by file or, when there are many, folder by folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from aidb.types import show_path
from aidb_cli.output import Json, Output
from aidb_cli.words import count, plus, size

if TYPE_CHECKING:
    from aidb.types import Entry
    from aidb.versioning.diff import FileChange

MOST_FILES = 40
"""More changes than this are shown by folder."""
MOST_FOLDERS = 20
"""More folders than this are cut short."""

STYLES = {"A": "added", "M": "modified", "D": "removed", "R": "renamed", "T": "modified"}
WORDS = {"A": "added", "M": "modified", "D": "deleted", "R": "renamed", "T": "changed in kind"}


class Tally(NamedTuple):
    """How many changes of each kind there are, and the bytes they add."""

    counts: dict[str, int]
    bytes: dict[str, int]

    def text(self) -> str:
        """`3 added (+1.2 MiB), 1 modified, 2 deleted (-4.0 KiB)`"""
        parts = []
        for status, number in self.counts.items():
            if number:
                grown = self.bytes[status]
                parts.append(f"{number:,} {WORDS[status]}" + (f" ({plus(grown)})" if grown else ""))
        return ", ".join(parts) or "no changes"

    def json(self) -> Json:
        """Counts by word, and the bytes that all of them add."""
        counts = {WORDS[status].replace(" ", "_"): number for status, number in self.counts.items()}
        return {**counts, "bytes": sum(self.bytes.values())}


def tally(changes: Iterable[FileChange]) -> Tally:
    """Add up changes."""
    result = Tally(dict.fromkeys(WORDS, 0), dict.fromkeys(WORDS, 0))
    for change in changes:
        result.counts[change.status] += 1
        result.bytes[change.status] += _size(change.new) - _size(change.old)
    return result


def change_json(change: FileChange) -> Json:
    """One change as data; paths are relative to the repository's root."""
    value: dict[str, Json] = {"status": change.status, "path": change.path}
    if change.old_path is not None and change.old_path != change.path:
        value["old_path"] = change.old_path
    return {**value, "old": entry_json(change.old), "new": entry_json(change.new)}


def entry_json(entry: Entry | None) -> Json:
    """What a version holds for a path. `blob` is the BLAKE3 of the content, as b3sum prints it."""
    if entry is None:
        return None
    return {"kind": entry.kind.name.lower(), "size": entry.size, "blob": entry.blob.hex() or None}


def draw_changes(
    out: Output,
    changes: Sequence[FileChange],
    *,
    every: bool = False,
    indent: str = "",
    insides: Mapping[str, str] | None = None,
) -> None:
    """A line per file, or per folder if there are many and not `every` one is wanted. `insides` are told by path."""
    if every or len(changes) <= MOST_FILES:
        _draw_files(out, changes, indent, insides or {})
    else:
        _draw_folders(out, changes, indent)


def _draw_files(out: Output, changes: Sequence[FileChange], indent: str, insides: Mapping[str, str]) -> None:
    names = [change_name(change) for change in changes]
    sizes = [_sizes(change) for change in changes]
    width = min(max(map(len, names), default=0), 60)
    wide = max(map(len, sizes), default=0)
    for change, name, told in zip(changes, names, sizes, strict=True):
        letter = out.style(STYLES[change.status], change.status)
        inside = show_path(insides.get(change.path, ""))
        out.line(f"{indent}{letter}  {name:<{width}}  {told:<{wide}}  {inside}".rstrip())


def change_name(change: FileChange) -> str:
    """The path, or both for a rename."""
    if change.old_path is not None and change.old_path != change.path:
        return f"{show_path(change.old_path)} → {show_path(change.path)}"
    return show_path(change.path)


def _sizes(change: FileChange) -> str:
    if change.old is not None and change.new is not None and change.old.kind is not change.new.kind:
        return f"{change.old.kind.name.lower()} → {change.new.kind.name.lower()}"
    if change.old is None or change.new is None or change.old.size == change.new.size:
        present = change.new or change.old
        return "" if present is None else size(present.size)
    return f"{size(change.old.size)} → {size(change.new.size)}"


def _draw_folders(out: Output, changes: Sequence[FileChange], indent: str) -> None:
    folders: dict[str, list[FileChange]] = {}
    for change in changes:
        folders.setdefault(change.path.rpartition("/")[0], []).append(change)
    shown = list(folders.items())[:MOST_FOLDERS]
    width = min(max(len(show_path(name)) for name, _ in shown) + 1, 60)
    for name, inside in shown:
        label = out.style("folder", f"{show_path(name) + '/' if name else './':<{width}}")
        out.line(f"{indent}{label}  {tally(inside).text()}")
    hidden = list(folders.values())[MOST_FOLDERS:]
    if hidden:
        more = sum(map(len, hidden))
        out.line(f"{indent}… and {count(more, 'more change')} in {count(len(hidden), 'folder')}")


def _size(entry: Entry | None) -> int:
    return 0 if entry is None else entry.size
