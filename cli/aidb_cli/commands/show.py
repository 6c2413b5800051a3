"""`aidb show`"""

from __future__ import annotations

from typing import Annotated

from aidb_cli import complete
from aidb_cli.comparisons import changes_in
from aidb_cli.context import Context
from aidb_cli.insides import Insides
from aidb_cli.locations import Location, locate
from aidb_cli.output import is_terminal
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.changes import change_json, draw_changes, entry_json, tally
from aidb_cli.views.commits import Names, commit_json, full
from aidb_cli.views.items import draw_items, item_json
from aidb_cli.words import size

_TEXT_LOOK = 8192


def show(
    context: Context,
    what: Annotated[
        str,
        Argument("A commit, or a file or folder of one.", metavar="REV[:PATH]", complete=complete.locations),
    ] = "HEAD",
    stat: Annotated[bool, Option(("--stat",), "Of a commit: only the list and the totals.")] = False,
) -> None:
    """Show a commit, or a file or folder of one.

    Of a commit: what it is and what it changed. A file's content is printed as it is; on a terminal, a file
    that is not text is described instead.
    """
    location = locate(context, what)
    with context.out.paged():
        if not location.path and not what.endswith(":"):
            _show_commit(context, location, insides=not stat)
        elif location.path and location.path in location.snapshot:
            _show_file(context, location)
        else:
            _show_folder(context, location)


def _show_commit(context: Context, location: Location, *, insides: bool) -> None:
    out = context.out
    commit = location.snapshot.commit
    names = Names(context.repo)
    changes = changes_in(context, commit)
    if out.json_mode:
        changed = {"changes": [change_json(c) for c in changes], "totals": tally(changes).json()}
        out.emit({**commit_json(commit, names), **changed})
        return
    for line in full(out, commit, names):
        out.line(line)
    out.line()
    draw_changes(out, changes)
    out.line(tally(changes).text())
    if insides and commit.parents:
        Insides(context.repo.diff(commit.parents[0], commit.id)).draw(out)


def _show_file(context: Context, location: Location) -> None:
    out = context.out
    entry = location.snapshot.stat(location.path)
    if out.json_mode:
        out.emit({"path": location.path, "commit": location.snapshot.commit.id, **entry_json(entry)})
        return
    with location.snapshot.open(location.path) as file:
        start = file.read(_TEXT_LOOK)
        if is_terminal(out.stdout) and b"\0" in start:
            out.line(f"{entry.kind.name.lower()}, {size(entry.size)}, BLAKE3 {entry.blob.hex()}")
            out.hint("`aidb get` copies it to a file, `aidb cat` prints it as it is.")
            return
        out.write_bytes(start)
        while piece := file.read(1 << 20):
            out.write_bytes(piece)


def _show_folder(context: Context, location: Location) -> None:
    items = location.snapshot.ls(location.path)
    if context.out.json_mode:
        context.out.emit([item_json(item) for item in items])
    else:
        draw_items(context.out, items)


COMMAND = Command(
    show,
    examples=(
        ("aidb show", "the last commit"),
        ("aidb show main~2", "an earlier one"),
        ("aidb show main:labels.csv", "a file as it is on main"),
    ),
    pages=True,
)
