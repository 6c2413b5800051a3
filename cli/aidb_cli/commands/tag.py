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
        tuple[str, ...],
        Argument("NAME [REV] to make one; names for -d; patterns for -l.", "NAME", complete.tags),
    ] = (),
    delete: Annotated[bool, Option(("-d", "--delete"), "Delete tags; their commits stay.")] = False,
    listing: Annotated[bool, Option(("-l", "--list"), "List tags; this is the default.")] = False,
    force: Annotated[bool, Option(("-f", "--force"), "Move a tag that exists.")] = False,
) -> None:
    """Name versions for good; list or delete such names.

    A tag is a name that stays where it is while branches move on. It starts at REV, or at HEAD.
    """
    action = one_of({"-d": delete, "-l": listing, "-f": force})
    if action == "-d":
        _delete(context, names)
    elif names and action != "-l":
        _create(context, names, force=force)
    else:
        _list(context, names)


def _list(context: Context, patterns: tuple[str, ...]) -> None:
    from fnmatch import fnmatchcase

    tags = [
        one
        for one in context.repo.tags.values()
        if not patterns or any(fnmatchcase(one.name, pattern) for pattern in patterns)
    ]
    context.out.rows(tags, lambda one: {"name": one.name, "commit": one.commit}, lambda one: one.name)


def _create(context: Context, names: tuple[str, ...], *, force: bool) -> None:
    if len(names) > 2:
        raise UsageError("too many names", hints=("`aidb tag NAME [REV]` makes one tag.",))
    name, revision = (*names, "HEAD")[:2]
    made = context.repo.tags.create(name, revision, force=force)
    subject = printable(context.repo.commit_at(made.commit).subject)
    context.out.report(
        {"name": name, "commit": made.commit}, f"Tagged {made.commit[:SHORT]} {subject} as {name}."
    )


def _delete(context: Context, names: tuple[str, ...]) -> None:
    if not names:
        raise UsageError("no tag was named to delete", hints=("`aidb tag` lists them.",))
    deleted = [{"name": name, "commit": context.repo.tags.delete(name)} for name in names]
    context.out.report(
        deleted, *(f"Deleted tag {one['name']} (was {one['commit'][:SHORT]})." for one in deleted)
    )


COMMAND = Command(
    tag,
    examples=(
        ("aidb tag", "list tags"),
        ("aidb tag v1", "name the current version v1"),
        ("aidb tag paper main~2", "name an earlier one"),
        ("aidb tag -d v1", "delete a tag"),
    ),
)
