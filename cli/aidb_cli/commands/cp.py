"""`aidb cp`"""

from __future__ import annotations

from typing import Annotated

from aidb_cli import complete, transacting
from aidb_cli.context import Context
from aidb_cli.locations import locate
from aidb_cli.syntax import Argument, Command


def cp(
    context: Context,
    source: Annotated[
        str,
        Argument("A file or folder of any version.", metavar="REV:PATH", complete=complete.locations),
    ],
    target: Annotated[str, Argument("Where to.", metavar="BRANCH:PATH", complete=complete.locations)],
    message: transacting.Message = (),
    create: transacting.Create = False,
) -> None:
    """Copy a file or folder of a version to a branch; no data is copied.

    A file goes to PATH, or into it if that is a folder; the files of a folder go below PATH, where others stay. The
    workspace stays as it is.
    """
    found = locate(context, source)
    where = transacting.on_branch(context, target)
    with transacting.begin(context, where.branch, message, create=create) as tx:
        path = where.path
        if found.path in found.snapshot:
            path = transacting.inside(tx, where, found.path.rpartition("/")[2])
        tx.copy(found.path, path, revision=found.snapshot.commit.id)
    transacting.report(context, where.branch, tx)


COMMAND = Command(
    cp,
    examples=(
        ('aidb cp v1:labels.csv main:labels.csv -m "Labels of v1"', "bring a file back on a branch"),
        ('aidb cp main:train clean:raw/train -m "Start from main"', "a folder, to another branch"),
    ),
)
