"""From a command line to the command it names and the values it gives: quickly if it can be, by typer if not."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from aidb_cli import quick
from aidb_cli.registry import load
from aidb_cli.syntax import Command, Invocation, everywhere, parameters_of, root

COMPLETION = "_AIDB_COMPLETE"
"""Set by the shell functions that ask what could come next."""


def read(argv: Sequence[str], environ: Mapping[str, str]) -> Invocation | int:
    """The command to run, or the exit code of what typer already answered (help). Raises AidbError for mistakes.

    Changes to the folders given by `-C`.
    """
    if COMPLETION in environ or not argv:
        return _by_typer(argv or ["--help"])
    if argv[0] == "help":
        argv = [*argv[1:2], "--help"]
    try:
        values, rest = quick.read_options(parameters_of(root) + parameters_of(everywhere), argv)
    except quick.DeclinedError:
        return _by_typer(argv)
    if not rest:
        return _by_typer([*argv, "--help"])
    enter(values.pop("directory"))
    return _read_command(load(rest[0]), values, rest[1:])


def _read_command(command: Command, before: dict[str, Any], args: list[str]) -> Invocation | int:
    after = None
    if command.dashes and "--" in args:
        cut = args.index("--")
        args, after = args[:cut], tuple(args[cut + 1 :])
    if command.number:
        args = [word for arg in args for word in _expand(arg, command.number)]
    try:
        values = quick.read(command.parameters, args)
    except quick.DeclinedError:
        answer = _by_typer([command.name, *args])
        if isinstance(answer, int):
            return answer
        values = {**answer.values, **answer.shared}
    return invocation(command, before, values)._replace(after_dashes=after)


def invocation(command: Command, before: dict[str, Any], values: dict[str, Any]) -> Invocation:
    """Put together what stood before and after the command's name; the later one wins."""
    defaults = {p.name: p.default for p in parameters_of(everywhere)}
    given = {name: values.pop(name) for name in defaults if name in values}
    later = {name: value for name, value in given.items() if value != defaults[name]}
    return Invocation(command, values, {**defaults, **before, **later}, None)


def enter(folders: Sequence[str]) -> None:
    """Go where `-C` says; several are relative to each other, as in Git."""
    from aidb.errors import PathNotFoundError, StorageError

    for folder in folders:
        try:
            os.chdir(folder)
        except (FileNotFoundError, NotADirectoryError):
            raise PathNotFoundError(f"cannot go to {folder!r}: there is no such folder") from None
        except OSError as error:
            raise StorageError.from_os_error(error, "going there") from error


def _expand(arg: str, option: str) -> list[str]:
    """`-5` is short for `-n 5`."""
    return [option, arg[1:]] if arg[:1] == "-" and arg[1:].isdecimal() else [arg]


def _by_typer(argv: Sequence[str]) -> Invocation | int:
    from aidb_cli.app import read_with_typer

    return read_with_typer(argv)
