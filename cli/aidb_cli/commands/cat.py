"""`aidb cat`"""

from __future__ import annotations

from typing import Annotated

from aidb.errors import InvalidPathError
from aidb.types import show_path
from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.locations import locate
from aidb_cli.syntax import Argument, Command

_PIECE = 1 << 20


def cat(
    context: Context,
    files: Annotated[
        tuple[str, ...],
        Argument("Files of a version, or of HEAD.", metavar="REV:PATH", complete=complete.locations),
    ],
) -> None:
    """Print files of a version.

    Byte for byte, each checked against its hash on the way. REV:PATH names a file of a version, a plain path
    one of HEAD. A symbolic link prints its target.
    """
    for word in files:
        location = locate(context, word)
        if not location.path:
            raise InvalidPathError(
                f"{show_path(word)!r} names a whole version, not a file",
                hints=(f"`aidb ls {location.revision}:` lists its files.",),
            )
        with location.snapshot.open(location.path) as file:
            while piece := file.read(_PIECE):
                context.out.write_bytes(piece)
    context.out.stdout.flush()


COMMAND = Command(
    cat,
    examples=(
        ("aidb cat labels.csv", "a file as it is in HEAD"),
        ("aidb cat main~3:labels.csv | head", "as it was three commits ago"),
    ),
    json=False,
)
