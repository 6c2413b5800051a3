"""`aidb sync`"""

from __future__ import annotations

from typing import Annotated

from aidb_cli.commands.switch import report_switch
from aidb_cli.context import Context
from aidb_cli.keeping import hint_at_undo
from aidb_cli.syntax import Command, Option


def sync(
    context: Context,
    force: Annotated[bool, Option(("-f", "--force"), "Throw away changes that are in the way.")] = False,
) -> None:
    """Beside Git: bring the data to where aidb.lock says.

    Git tracks aidb.lock, so `git checkout` of old code and then `aidb sync` bring back the data of that time.
    """
    done = context.repo.sync(force=force, progress=context.out.progress)
    report_switch(context, done)
    if force:
        hint_at_undo(context)


COMMAND = Command(
    sync,
    examples=(
        ("git checkout v1 && aidb sync", "code and data of v1"),
        ("aidb sync --force", "even if data files were changed"),
    ),
    kept="Some files may be switched already; run the same command again to finish.",
)
