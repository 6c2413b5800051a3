"""The typer application, built from the declarations: it answers `--help`, explains mistakes, completes words.

Only its public names are used, and commands are imported one by one, when typer asks for them.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand, TyperGroup

from aidb_cli.failures import UsageError
from aidb_cli.help import command_help, main_help
from aidb_cli.output import Output
from aidb_cli.reading import COMPLETION, enter, invocation
from aidb_cli.registry import NAMES, load
from aidb_cli.syntax import Command, Completer, Invocation, Option, Parameter, everywhere, parameters_of, root

WIDEST = 100
"""Columns that help fills at most: longer lines are hard to read."""

_SETTINGS = {"help_option_names": ["-h", "--help"]}


def read_with_typer(argv: Sequence[str]) -> Invocation | int:
    """Let typer read a command line: what it names, or the exit code after help. Raises UsageError."""
    command = typer.main.get_command(application())
    try:
        answer = command.main(list(argv), prog_name="aidb", standalone_mode=False)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        raise _usage_error(error, argv) from error
    return answer if isinstance(answer, Invocation) else int(answer or 0)


def application() -> typer.Typer:
    """The application, as typer knows it."""
    app = typer.Typer(
        cls=_LazyGroup,
        context_settings=_SETTINGS,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    if COMPLETION in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()
    values: dict[str, Any] = {}
    parameters = [*parameters_of(root), *parameters_of(everywhere)]
    app.callback()(_function(parameters, values.update, extra=[_version_option()]))
    _LazyGroup.before = values
    return app


class _OneCommand(TyperCommand):
    declared: Command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _write_help(formatter, partial(command_help, self.declared))


class _LazyGroup(TyperGroup):
    before: dict[str, Any]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _write_help(formatter, main_help)

    def list_commands(self, ctx: Any) -> list[str]:
        return list(NAMES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if not ctx.resilient_parsing:
            enter(self.before.pop("directory", ()))
        elif cmd_name not in self.list_commands(ctx):
            return None
        return _typer_command(load(cmd_name), self.before)


def _typer_command(command: Command, before: dict[str, Any]) -> Any:
    app = typer.Typer(add_completion=False)
    call = _function(command.parameters, lambda values: invocation(command, before, values))
    how = type("TyperCommand", (_OneCommand,), {"declared": command})
    app.command(name=command.name, help=command.purpose, cls=how, context_settings=_SETTINGS)(call)
    return typer.main.get_command(app)


def _function(
    parameters: Sequence[Parameter], receive: Callable[[dict[str, Any]], Any], *, extra: Sequence[Any] = ()
) -> Callable[..., Any]:
    """A function with the signature that typer reads, which hands the values on in our own types."""
    many = [p.name for p in parameters if p.many]

    def call(**values: Any) -> Any:
        values.pop("version", None)
        return receive({**values, **{name: tuple(values[name] or ()) for name in many}})

    call.__signature__ = inspect.Signature([*map(_typer_parameter, parameters), *extra])  # type: ignore[attr-defined]
    return call


def _typer_parameter(parameter: Parameter) -> inspect.Parameter:
    info = parameter.info
    shared: dict[str, Any] = {"help": info.help, "metavar": _metavar(parameter), "show_default": False}
    if info.complete is not None:
        shared["autocompletion"] = _completion(info.complete)
    how = typer.Option(*info.names, **shared) if isinstance(info, Option) else typer.Argument(**shared)
    default = inspect.Parameter.empty if parameter.required else parameter.default
    if parameter.many and not parameter.required:
        default = list(parameter.default)
    return inspect.Parameter(
        parameter.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[_annotation(parameter), how],
    )


def _annotation(parameter: Parameter) -> Any:
    if parameter.many:
        return list[str]
    kind: Any = Literal[parameter.choices] if parameter.choices else parameter.kind
    return kind if parameter.required or parameter.is_flag else kind | None


def _metavar(parameter: Parameter) -> str | None:
    """Flags have none; an argument's tells whether it may be left out or repeated."""
    if parameter.is_flag:
        return None
    if isinstance(parameter.info, Option):
        return parameter.metavar
    text = parameter.metavar if parameter.required else f"[{parameter.metavar}]"
    return text + "..." if parameter.many else text


def _completion(complete: Completer) -> Callable[[str], list[str]]:
    def offers(incomplete: str) -> list[str]:
        return complete(incomplete)

    return offers


def _version_option() -> inspect.Parameter:
    from aidb import __version__

    def show(wanted: bool) -> None:
        if wanted:
            sys.stdout.write(f"aidb {__version__}\n")
            raise typer.Exit

    how = typer.Option("-V", "--version", help="Print the version.", callback=show, is_eager=True)
    return inspect.Parameter(
        "version", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, how]
    )


def _usage_error(error: Any, argv: Sequence[str]) -> UsageError:
    """Typer's message in our words: one line, then what to do."""
    message = " ".join(error.format_message().split()).rstrip(".").replace("Value error, ", "")
    hints: list[str] = []
    if possibilities := getattr(error, "possibilities", None):
        message = error.message.rstrip(".")
        close = get_close_matches(error.option_name, possibilities, cutoff=0.7)
        hints += [f"Did you mean {' or '.join(close)}?"] if close else []
    name = next((f" {word}" for word in argv if word in NAMES), "")
    hints.append(f"`aidb{name} --help` shows what it takes.")
    return UsageError(message[:1].lower() + message[1:], hints=tuple(hints))


def _write_help(formatter: Any, write: Callable[[Callable[[str, str], str], int], str]) -> None:
    out = Output(os.environ)
    formatter.write(write(out.style, min(out.width, WIDEST)))
