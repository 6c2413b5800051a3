"""`aidb init`"""

from __future__ import annotations

import os
from typing import Annotated

from aidb.types import show_path
from aidb_cli.context import Context
from aidb_cli.syntax import Argument, Command, Option


def init(
    context: Context,
    folder: Annotated[
        str, Argument("The folder to version; it is made if it does not exist.", metavar="DIR")
    ] = ".",
    branch: Annotated[
        str | None, Option(("-b", "--initial-branch"), "Name of the first branch.", metavar="NAME")
    ] = None,
) -> None:
    """Make a repository.

    The folder is made if need be; where there is a repository already, nothing changes. Everything aidb keeps
    goes into the folder .aidb; your files stay where they are and as they are.
    """
    import aidb

    existed = os.path.exists(os.path.join(folder, ".aidb", "format"))
    repo = aidb.init(folder, branch=branch, user_config=context.user_config)
    place = show_path(str(repo.folder))
    done = "There is already a repository in" if existed else "Made an empty aidb repository in"
    context.out.report({"path": str(repo.root), "created": not existed}, f"{done} {place}")
    if not existed:
        context.out.hint('`aidb add .` takes in what is here, `aidb commit -m "…"` records it.')


COMMAND = Command(
    init,
    examples=(
        ("aidb init", "version the current folder"),
        ("aidb init images", "make the folder images and version it"),
        ("aidb init -b trunk", "call the first branch trunk"),
    ),
)
