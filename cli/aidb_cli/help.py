"""What `--help` says, made from the declarations: the same on a terminal, in a pipe and in docs/cli.md."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable

from aidb_cli.failures import EXITS
from aidb_cli.registry import GROUPS, load
from aidb_cli.syntax import Argument, Command, Option, Parameter, everywhere, parameters_of, root

PURPOSE = "Version datasets, checkpoints and models the way Git versions code."

Style = Callable[[str, str], str]
"""`Output.style`, or a function that leaves the text as it is."""

_LEFT = 28
"""Widest left column of a table; what is wider gets a line of its own."""


def main_help(style: Style, width: int) -> str:
    """`aidb --help`"""
    blocks = [f"{style('heading', 'Usage:')} aidb [OPTIONS] COMMAND [ARGUMENTS]", PURPOSE]
    for group, names in GROUPS.items():
        blocks.append(_table(f"{group}:", [(name, load(name).purpose) for name in names], style, width))
    own = [*map(_option_row, parameters_of(root) + parameters_of(everywhere)), *standing_rows()]
    blocks.append(_table("Options:", own, style, width))
    blocks.append(_table("Exit codes:", [(str(line.code), line.meaning) for line in EXITS], style, width))
    blocks.append("`aidb COMMAND --help` explains a command, with examples.")
    return "\n\n".join(blocks)


def command_help(command: Command, style: Style, width: int) -> str:
    """`aidb COMMAND --help`"""
    blocks = [f"{style('heading', 'Usage:')} {usage(command)}"]
    blocks += [textwrap.fill(paragraph, width) for paragraph in paragraphs(command)]
    blocks.append(_table("Examples:", command.examples, style, width, left=width))
    arguments, own, shared = split(command)
    if arguments:
        blocks.append(_table("Arguments:", [(p.metavar, p.info.help) for p in arguments], style, width))
    if own:
        blocks.append(_table("Options:", map(_option_row, own), style, width))
    blocks.append(_table("Everywhere:", [*map(_option_row, shared), _HELP], style, width))
    return "\n\n".join(blocks)


def usage(command: Command) -> str:
    """`aidb mv [OPTIONS] SOURCE... TARGET`"""
    words = [_argument_word(p) for p in command.parameters if isinstance(p.info, Argument)]
    paths = ["[-- PATH...]"] if command.dashes else []
    return " ".join(["aidb", command.name, "[OPTIONS]", *words, *paths])


def paragraphs(command: Command) -> list[str]:
    """The explanation, a line per paragraph."""
    return [" ".join(text.split()) for text in command.help.split("\n\n")]


def split(command: Command) -> tuple[list[Parameter], list[Parameter], list[Parameter]]:
    """A command's arguments, its own options, and the options that all commands share."""
    shared_names = {p.name for p in parameters_of(everywhere)}
    options = [p for p in command.parameters if isinstance(p.info, Option)]
    return (
        [p for p in command.parameters if isinstance(p.info, Argument)],
        [p for p in options if p.name not in shared_names],
        [p for p in options if p.name in shared_names],
    )


def spelled(parameter: Parameter) -> str:
    """`-m, --message TEXT`"""
    assert isinstance(parameter.info, Option)
    names = ", ".join(parameter.info.names)
    return names if parameter.is_flag else f"{names} {parameter.metavar}"


_HELP = ("-h, --help", "Show this text.")


def standing_rows() -> list[tuple[str, str]]:
    """The options that typer itself answers."""
    return [("-V, --version", "Print the version."), _HELP]


def _option_row(parameter: Parameter) -> tuple[str, str]:
    return spelled(parameter), parameter.info.help


def _argument_word(parameter: Parameter) -> str:
    word = parameter.metavar if parameter.required else f"[{parameter.metavar}]"
    return word + "..." if parameter.many else word


def _table(
    heading: str, rows: Iterable[tuple[str, str]], style: Style, width: int, *, left: int = _LEFT
) -> str:
    rows = list(rows)
    column = min(left, max(len(name) for name, _ in rows)) + 4
    lines = [style("heading", heading)]
    for name, text in rows:
        wrapped = textwrap.wrap(text, max(width - column, 30)) or [""]
        start = f"  {style('hint', name)}" + " " * (column - 2 - len(name))
        if len(name) + 4 > column:
            lines.append(start)
            start = " " * column
        lines.append((start + wrapped[0]).rstrip())
        lines += [" " * column + line for line in wrapped[1:]]
    return "\n".join(lines)
