"""`aidb config`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.syntax import Argument, Command, Option

if TYPE_CHECKING:
    from aidb.config import Level


def config(
    context: Context,
    name: Annotated[str | None, Argument("A setting, such as user.name.", "NAME", complete.settings)] = None,
    value: Annotated[str | None, Argument("What to set it to.", metavar="VALUE")] = None,
    user: Annotated[
        bool, Option(("--user", "--global"), "For all your repositories, not only this one.")
    ] = False,
    unset: Annotated[bool, Option(("--unset",), "Go back to the default.")] = False,
    listing: Annotated[bool, Option(("-l", "--list"), "List all settings; this is the default.")] = False,
) -> None:
    """Show or change settings.

    A repository's settings are in .aidb/config.toml, yours in ~/.config/aidb/config.toml; the repository's win.
    """
    if name is None or listing:
        _list(context)
    elif unset:
        context.config.unset(name, level=_level(context, user))
        context.out.report(_item(context, name), f"{name} is {_shown(context.config.get(name))} again.")
    elif value is None:
        _show(context, name)
    else:
        context.config.set(name, value, level=_level(context, user))
        context.out.report(_item(context, name), f"{name} = {_shown(context.config.get(name))}")


def _level(context: Context, user: bool) -> Level:
    if user:
        return "user"
    from aidb.errors import RepositoryNotFoundError

    if "repo" not in context.__dict__:
        raise RepositoryNotFoundError(
            "the current folder is not inside an aidb repository",
            hints=("`aidb config --user NAME VALUE` sets it for all your repositories.",),
        )
    return "repository"


def _list(context: Context) -> None:
    from aidb.config import SETTINGS

    items = list(context.config)
    width = max(len(f"{item.name} = {_shown(item.value)}") for item in items)
    style = context.out.style
    context.out.rows(
        items,
        lambda item: {**item._asdict(), "help": SETTINGS[item.name].help},
        lambda item: f"{f'{item.name} = {_shown(item.value)}':<{width}}  {style('dim', f'({item.origin})')}",
    )
    context.out.note("")
    for item in items:
        context.out.note(f"{item.name}: {SETTINGS[item.name].help}")


def _show(context: Context, name: str) -> None:
    item = context.config.item(name)
    if context.out.json_mode:
        context.out.emit(_item(context, name))
    else:
        context.out.line(_shown(item.value))


def _item(context: Context, name: str) -> dict[str, object]:
    item = context.config.item(name)
    return {"name": item.name, "value": item.value, "origin": item.origin}


def _shown(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


COMMAND = Command(
    config,
    examples=(
        ("aidb config", "list every setting"),
        ('aidb config --user user.name "Ada Lovelace"', "your name, in all repositories"),
        ("aidb config --unset store.compression", "back to the default"),
    ),
)
