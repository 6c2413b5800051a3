"""How a command declares its arguments: once, as annotations that cost nothing to import.

    def tag(
        context: Context,
        name: Annotated[str, Argument("Its name.")],
        delete: Annotated[bool, Option(("-d", "--delete"), "Delete it.")] = False,
    ) -> None: ...

    COMMAND = Command(tag, examples=(("aidb tag v1", "name the current commit"),))

Two readers use the declarations. `aidb_cli.quick` reads well-formed command lines in a millisecond; `aidb_cli.app`
hands them to typer, which does everything a person waits for anyway: help, mistakes, completion. Importing typer and
reading one option with it costs 90 to 200 ms, more than most commands need for their work.

A parameter may be a `bool` flag, a `str`, an `int`, a `Literal` of words, one of these or None, or `tuple[str, ...]`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from types import UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

Completer = Callable[[str], list[str]]
"""From what was typed so far to what it may become."""

Example = tuple[str, str]
"""A command line and what it does, in a few words."""

NOTHING_CHANGED = "Nothing was changed."


class Option(NamedTuple):
    """A named parameter: its spellings, its help and, if it takes a value, what the help calls it."""

    names: tuple[str, ...]
    help: str
    metavar: str | None = None
    complete: Completer | None = None


class Argument(NamedTuple):
    """A parameter given by position."""

    help: str
    metavar: str | None = None
    complete: Completer | None = None


class Parameter(NamedTuple):
    """A declaration as the two readers see it."""

    name: str
    kind: type[str] | type[int] | type[bool]
    many: bool
    choices: tuple[str, ...]
    required: bool
    default: Any
    info: Option | Argument

    @property
    def is_flag(self) -> bool:
        return self.kind is bool

    @property
    def metavar(self) -> str:
        """What help and documentation call the value."""
        return self.info.metavar or "|".join(self.choices) or self.name.upper()


class Command:
    """One command: the function that runs it and what the shell has to know about it."""

    def __init__(
        self,
        run: Callable[..., int | None],
        *,
        examples: tuple[Example, ...],
        name: str | None = None,
        json: bool = True,
        pages: bool = False,
        dashes: bool = False,
        number: str | None = None,
        kept: str = NOTHING_CHANGED,
    ) -> None:
        """`pages`: long output goes through a pager on a terminal. `dashes`: what follows `--` are paths, kept apart in
        `context.after_dashes`. `number`: the option that `-5` is short for. `kept`: said when it is interrupted."""
        self.run = run
        self.name = name or run.__name__.rstrip("_").replace("_", "-")
        self.examples = examples
        self.json = json
        self.pages = pages
        self.dashes = dashes
        self.number = number
        self.kept = kept

    @cached_property
    def parameters(self) -> list[Parameter]:
        """The command's own parameters and those that all commands share."""
        own = parameters_of(self.run)
        shared = [p for p in parameters_of(everywhere) if self.json or p.name != "json"]
        return own + [p for p in shared if self.pages or p.name != "no_pager"]

    @property
    def help(self) -> str:
        """The whole explanation."""
        from inspect import cleandoc

        return cleandoc(self.run.__doc__ or "")

    @property
    def purpose(self) -> str:
        """What it is for, in one sentence."""
        return self.help.partition("\n")[0]


class Invocation(NamedTuple):
    """A command line that was understood."""

    command: Command
    values: dict[str, Any]
    shared: dict[str, Any]
    after_dashes: tuple[str, ...] | None


When = Literal["auto", "always", "never"]


def everywhere(
    json: bool = False,
    quiet: bool = False,
    color: When = "auto",
    no_pager: bool = False,
) -> None:
    """The parameters that may stand before or after the command's name."""


def root(directory: tuple[str, ...] = ()) -> None:
    """The parameters that stand before the command's name only (`--version` and `--help` are typer's)."""


_SHARED: dict[str, Option] = {
    "json": Option(("--json",), help="Print JSON, and errors as JSON on standard error."),
    "quiet": Option(("-q", "--quiet"), help="Print only what was asked for: no notes, no progress."),
    "color": Option(("--color",), help="Colour the output: auto is only on a terminal."),
    "no_pager": Option(("--no-pager",), help="Do not page long output."),
    "directory": Option(("-C",), metavar="DIR", help="Run as if started in DIR."),
}


def parameters_of(function: Callable[..., Any]) -> list[Parameter]:
    """Read a function's declarations; its first parameter `context` is not one."""
    # Not `inspect.signature`: importing inspect takes as long as the rest of the shell.
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    defaults = dict(
        zip(reversed(names[: code.co_argcount]), reversed(function.__defaults__ or ()), strict=False)
    )
    defaults.update(function.__kwdefaults__ or {})
    hints = get_type_hints(function, include_extras=True)
    return [_parameter(name, hints[name], defaults) for name in names if name != "context"]


def _parameter(name: str, hint: Any, defaults: dict[str, Any]) -> Parameter:
    info = _SHARED.get(name)
    if info is None:
        hint, info = get_args(hint)
    kind, many, choices = _value_type(hint)
    return Parameter(name, kind, many, choices, name not in defaults, defaults.get(name), info)


def _value_type(hint: Any) -> tuple[Any, bool, tuple[str, ...]]:
    if get_origin(hint) in (Union, UnionType):
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    if get_origin(hint) is tuple:
        return str, True, ()
    if get_origin(hint) is Literal:
        return str, False, get_args(hint)
    return hint, False, ()
