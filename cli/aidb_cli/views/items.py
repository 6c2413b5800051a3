"""Files and folders of a version, as `ls` and `show` list them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aidb.types import Kind, show_path
from aidb_cli.output import Json, Output
from aidb_cli.views.changes import entry_json
from aidb_cli.words import size

if TYPE_CHECKING:
    from aidb.snapshot import Item

_MARKS = {Kind.FILE: "", Kind.EXECUTABLE: "*", Kind.SYMLINK: "@"}
_LETTERS = {Kind.FILE: "-", Kind.EXECUTABLE: "x", Kind.SYMLINK: "l"}


def item_json(item: Item) -> Json:
    """One line of a listing as data."""
    base = {"path": item.path, "files": item.files, "bytes": item.bytes}
    return {**base, "kind": "folder"} if item.entry is None else {**base, **entry_json(item.entry)}


def draw_items(out: Output, items: Iterable[Item], *, long: bool = False, names: bool = True) -> None:
    """A line per item: its name, or with `long` also kind, size and id. `names` are last components, else paths."""
    for item in items:
        out.line(item_line(out, item, long=long, names=names))


def item_line(out: Output, item: Item, *, long: bool, names: bool) -> str:
    """One line of a listing."""
    name = show_path(item.name if names else item.path)
    if item.entry is None:
        label = out.style("folder", name + "/")
        return f"d  {size(item.bytes):>10}  {item.files:>9,} files  {label}" if long else label
    kind = item.entry.kind
    label = (out.style("link", name) if kind is Kind.SYMLINK else name) + _MARKS[kind]
    if not long:
        return label
    return f"{_LETTERS[kind]}  {size(item.entry.size):>10}  {item.entry.blob.hex()[:15]}  {label}"
