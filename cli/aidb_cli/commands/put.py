"""`aidb put`"""

from __future__ import annotations

import os
import sys
from typing import Annotated

from aidb_cli import complete, transacting
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.syntax import Argument, Command


def put(
    context: Context,
    source: Annotated[str, Argument("A file or folder; `-` is standard input.", metavar="SRC")],
    target: Annotated[str, Argument("Where to.", metavar="BRANCH:PATH", complete=complete.locations)],
    message: transacting.Message = (),
    create: transacting.Create = False,
) -> None:
    """Commit a file or folder to a branch, without the workspace.

    A file goes to PATH, or into it if that is a folder; the files of a folder go below PATH, where others stay. If
    somebody else moves the branch meanwhile, the change is made to its new tip.
    """
    where = transacting.on_branch(context, target)
    if source == "-" and where.folder:
        raise UsageError("what comes from standard input needs the name of a file", hints=(f"{target}NAME",))
    with transacting.begin(context, where.branch, message, create=create) as tx:
        if source == "-":
            tx.put(where.path, sys.stdin.buffer)
        elif os.path.isdir(source):
            tx.put(where.path, source, progress=context.out.progress)
        else:
            tx.put(transacting.inside(tx, where, os.path.basename(source)), source)
    transacting.report(context, where.branch, tx)


COMMAND = Command(
    put,
    examples=(
        ('aidb put model.safetensors main:models/ -m "Epoch 3"', "a file into a folder"),
        ('aidb put ./shard-7 main:train/shard-7 -m "Shard 7"', "a folder"),
        ('pg_dump labels | aidb put - main:labels.sql -m "Labels of today"', "what a program prints"),
    ),
)
