"""`aidb archive`"""

from __future__ import annotations

from typing import Annotated, Literal

from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.locations import locate
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.words import count, size


def archive(
    context: Context,
    what: Annotated[
        str, Argument("A version, or a folder or file of one.", "REV[:PATH]", complete.locations)
    ] = "HEAD",
    output: Annotated[
        str | None, Option(("-o", "--output"), "The file to write; - is standard output.", metavar="FILE")
    ] = None,
    kind: Annotated[
        Literal["tar.zst", "tar.gz", "tar", "zip"] | None,
        Option(("--format",), "What kind of archive, if the file's name does not say."),
    ] = None,
    prefix: Annotated[
        str, Option(("--prefix",), "Put before each name; a folder ends in /.", metavar="TEXT")
    ] = "",
    force: Annotated[bool, Option(("-f", "--force"), "Overwrite the file if it is there.")] = False,
) -> None:
    """Write a version to one file, as tar or zip.

    For those who do not have aidb. The same version gives the same bytes; content is verified on its way;
    symlinks and executable bits are kept.
    """
    if output is None:
        raise UsageError("no file was named to write", hints=("`aidb archive HEAD -o data.tar.zst`",))
    location = locate(context, what)
    commit = location.snapshot.commit.id
    target = context.out.stdout.buffer if output == "-" else output
    files = context.repo.archive(
        target, commit, location.path, format=kind, prefix=prefix, force=force, progress=context.out.progress
    )
    if output != "-":
        total = location.snapshot.totals(location.path).bytes
        context.out.report(
            {"files": files, "bytes": total, "output": output},
            f"Wrote {count(files, 'file')} ({size(total)}) to {output}",
        )


COMMAND = Command(
    archive,
    examples=(
        ("aidb archive v1 -o data-v1.tar.zst", "a whole version"),
        ("aidb archive main:train -o train.zip --prefix train/", "a folder, with its name"),
        ("aidb archive --format tar -o - | tar -t", "to another program"),
    ),
    kept="No file was written.",
)
