"""`aidb tag`"""

from __future__ import annotations

from typing import Annotated

from aidb_cli import complete
from aidb_cli.choices import one_of
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.commits import SHORT, printable


def tag(
    context: Context,
    names: Annotated[
        tuple[str, ...], Argument("NAME [REV] to make one; names for -d.", "NAME", complete=complete.tags)
    ] = (),
    message: Annotated[
        tuple[str, ...], Option(("-m", "--message"), "What the tag stands for.", metavar="TEXT")
    ] = (),
    annotate: Annotated[bool, Option(("-a", "--annotate"), "Open the editor for the message.")] = False,
    delete: Annotated[bool, Option(("-d", "--delete"), "Delete tags; their commits stay.")] = False,
    listing: Annotated[bool, Option(("-l", "--list"), "List tags; this is the default.")] = False,
) -> None:
    """Name a version for good, or list or delete such names."""
    action = one_of({"-d": delete, "-l": listing})
    if action == "-d":
        _delete(context, names)
    elif names and not listing:
        _create(context, names, _message(context, names, message, annotate))
    else:
        _list(context, names)


def _message(context: Context, names: tuple[str, ...], texts: tuple[str, ...], annotate: bool) -> str | None:
    if texts or not annotate:
        return "\n\n".join(texts) or None
    from aidb_cli.editor import edit_message

    return edit_message(context, "", [f"The message of the tag {names[0]}"])


def _list(context: Context, patterns: tuple[str, ...]) -> None:
    from fnmatch import fnmatchcase

    tags = [
        one
        for one in context.repo.tags.values()
        if not patterns or any(fnmatchcase(one.name, pattern) for pattern in patterns)
    ]
    context.out.rows(
        tags,
        lambda one: {"name": one.name, "commit": one.commit, "message": one.message},
        lambda one: one.name,
    )


def _create(context: Context, names: tuple[str, ...], message: str | None) -> None:
    if len(names) > 2:
        raise UsageError("too many names", hints=("`aidb tag NAME [REV]` makes one tag.",))
    name, revision = (*names, "HEAD")[:2]
    made = context.repo.tags.create(name, revision, message=message)
    subject = printable(context.repo.commit_at(made.commit).subject)
    value = {"name": name, "commit": made.commit, "message": message}
    context.out.report(value, f"Tagged {made.commit[:SHORT]} {subject} as {name}.")


def _delete(context: Context, names: tuple[str, ...]) -> None:
    if not names:
        raise UsageError("no tag was named to delete", hints=("`aidb tag` lists them.",))
    deleted = []
    for name in names:
        commit = context.repo.tags[name].commit
        context.repo.tags.delete(name)
        deleted.append({"name": name, "commit": commit})
    context.out.report(
        deleted, *(f"Deleted tag {one['name']} (was {one['commit'][:SHORT]})." for one in deleted)
    )


COMMAND = Command(
    tag,
    examples=(
        ("aidb tag", "list tags"),
        ("aidb tag v1", "name the current version v1"),
        ('aidb tag -m "As published" paper main~2', "with a message, on an earlier commit"),
        ("aidb tag -d v1", "delete a tag"),
    ),
)
