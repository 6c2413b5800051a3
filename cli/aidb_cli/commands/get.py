"""`aidb get`"""

from __future__ import annotations

from typing import Annotated

from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.locations import locate
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.words import count, size


def get(
    context: Context,
    what: Annotated[
        str,
        Argument("A file, a folder or a whole version.", metavar="REV:PATH", complete=complete.locations),
    ],
    destination: Annotated[
        str, Argument("Where to; an existing folder receives the copy.", metavar="DEST")
    ] = ".",
    force: Annotated[bool, Option(("-f", "--force"), "Overwrite files that are in the way.")] = False,
) -> None:
    """Copy files of a version out of the repository.

    A file, a folder or a whole version, verified; your workspace stays as it is. REV:PATH names a path of a
    version, REV: the whole version, a plain path one of HEAD.
    """
    location = locate(context, what)
    files = location.snapshot.get(location.path, destination, force=force, progress=context.out.progress)
    total = location.snapshot.totals(location.path).bytes
    context.out.report(
        {"files": files, "bytes": total, "destination": destination},
        f"Copied {count(files, 'file')} ({size(total)}) to {destination}",
    )


COMMAND = Command(
    get,
    examples=(
        ("aidb get main:models/best.pt /tmp/", "one file"),
        ("aidb get v1:train old-train", "a folder, under another name"),
        ("aidb get v1: /data/v1", "a whole version"),
    ),
    kept="Files copied so far are whole; run the same command with -f to copy all again.",
)
