"""`aidb annotate`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aidb.types import show_path
from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.locations import locate
from aidb_cli.output import Json, Output
from aidb_cli.syntax import Argument, Command
from aidb_cli.views.commits import SHORT, printable

if TYPE_CHECKING:
    from aidb.versioning.annotate import Annotated as Line

_WIDEST_NAME = 20


def annotate(
    context: Context,
    what: Annotated[
        str, Argument("A file or folder; of a version as REV:PATH.", "PATH", complete.locations)
    ] = ".",
) -> None:
    """Show which commit last changed each file.

    For a folder, every file below it. At a merge a file is followed to the side it came from; a renamed one, to its
    renaming.
    """
    location = locate(context, what)
    lines = context.repo.annotate(location.path, location.snapshot.commit.id)
    width = min(max((len(line.commit.author.name) for line in lines), default=0), _WIDEST_NAME)
    context.out.rows(lines, _json, lambda line: _line(context.out, line, width))


def _json(line: Line) -> Json:
    commit = line.commit
    return {
        "path": line.path,
        "commit": commit.id,
        "author": {"name": commit.author.name, "email": commit.author.email},
        "time": commit.time.isoformat(),
        "message": commit.message,
        "size": line.entry.size,
        "blob": line.entry.blob.hex(),
    }


def _line(out: Output, line: Line, width: int) -> str:
    name = printable(line.commit.author.name)[:width]
    return (
        f"{out.style('commit', line.commit.id[:SHORT])}  {line.commit.time:%Y-%m-%d}  {name:<{width}}  "
        f"{show_path(line.path)}"
    )


COMMAND = Command(
    annotate,
    examples=(
        ("aidb annotate", "every file here"),
        ("aidb annotate train/labels.csv", "who changed it last"),
        ("aidb annotate v1:train", "a folder as it was in v1"),
    ),
    pages=True,
)
