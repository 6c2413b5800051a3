"""`aidb ls`"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.locations import Location, locate
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.items import item_json, item_line

if TYPE_CHECKING:
    from aidb.snapshot import Item


def ls(
    context: Context,
    where: Annotated[
        str,
        Argument(
            "A version, a folder of one, or a path in HEAD.", metavar="REV:PATH", complete=complete.locations
        ),
    ] = "HEAD:",
    long: Annotated[
        bool, Option(("-l", "--long"), "With sizes, and ids of contents as b3sum prints them.")
    ] = False,
    recursive: Annotated[bool, Option(("-r", "--recursive"), "Every file below, one per line.")] = False,
) -> None:
    """List the files of a version.

    REV:PATH names a folder of a version, REV: the whole version, a plain path one of HEAD. Nothing is checked
    out.
    """
    location = locate(context, where)
    out = context.out
    items = _walk(location) if recursive else iter(location.snapshot.ls(location.path))
    out.rows(items, item_json, lambda item: item_line(out, item, long=long, names=not recursive))


def _walk(location: Location) -> Iterator[Item]:
    from aidb.snapshot import Item

    for path, entry in location.snapshot.walk(location.path):
        yield Item(path.rpartition("/")[2], path, entry, 1, entry.size)


COMMAND = Command(
    ls,
    examples=(
        ("aidb ls", "what is in HEAD"),
        ("aidb ls -l main:train", "the folder train on main, with sizes"),
        ("aidb ls -r v1: --json", "every file of a version, for a script"),
    ),
    pages=True,
)
