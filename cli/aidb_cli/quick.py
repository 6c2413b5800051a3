"""Read a well-formed command line without typer.

Reads what typer reads, from the same declarations, into the same values (a test compares the two on thousands of
lines). Whatever it is not sure of — a mistake, `--help`, a spelling it does not know — it declines, and typer answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aidb_cli.syntax import Argument, Option, Parameter


class DeclinedError(Exception):
    """Not understood here: let typer read the line, or say what is wrong with it."""


class _Reader:
    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self.options = {name: p for p in parameters if isinstance(p.info, Option) for name in p.info.names}
        self.arguments = [p for p in parameters if isinstance(p.info, Argument)]
        self.values: dict[str, Any] = {}
        self.given: list[str] = []
        self.left: list[str] = []

    def read(self, args: Sequence[str], *, interspersed: bool) -> None:
        self.left = list(reversed(args))
        while self.left:
            arg = self.left.pop()
            if arg == "--":
                self.given.extend(reversed(self.left))
                return
            if arg.startswith("--"):
                self._long(arg)
            elif arg.startswith("-") and arg != "-":
                self._cluster(arg)
            else:
                self.given.append(arg)
                if not interspersed:
                    return

    def _long(self, arg: str) -> None:
        name, equals, value = arg.partition("=")
        option = self._option(name)
        if option.is_flag:
            if equals:
                raise DeclinedError
            self.values[option.name] = True
        else:
            self._store(option, value if equals else self._next())

    def _cluster(self, arg: str) -> None:
        """`-am text`, `-n5`: letters that are flags, then perhaps one that takes the rest or the next word."""
        for position, letter in enumerate(arg[1:], start=2):
            option = self._option("-" + letter)
            if not option.is_flag:
                self._store(option, arg[position:] or self._next())
                return
            self.values[option.name] = True

    def _option(self, name: str) -> Parameter:
        if name not in self.options:
            raise DeclinedError
        return self.options[name]

    def _next(self) -> str:
        if not self.left:
            raise DeclinedError
        return self.left.pop()

    def _store(self, parameter: Parameter, text: str) -> None:
        value = _convert(parameter, text)
        before = self.values.get(parameter.name, ())
        self.values[parameter.name] = (*before, value) if parameter.many else value

    def place(self) -> None:
        """Give the words without an option to the arguments: one each, and the rest to the one that takes many."""
        many = next((i for i, p in enumerate(self.arguments) if p.many), None)
        spare = len(self.given) - len(self.arguments)
        if spare > 0 and many is None:
            raise DeclinedError
        words = list(self.given)
        for index, parameter in enumerate(self.arguments):
            count = max(0, spare + 1) if index == many else 1
            taken, words = words[:count], words[count:]
            if not taken and parameter.required:
                raise DeclinedError
            for text in taken:
                self._store(parameter, text)


def _convert(parameter: Parameter, text: str) -> str | int:
    if parameter.kind is int:
        if not (text.isascii() and text.isdecimal()):
            raise DeclinedError
        return int(text)
    if parameter.choices and text not in parameter.choices:
        raise DeclinedError
    return text


def read(parameters: Sequence[Parameter], args: Sequence[str]) -> dict[str, Any]:
    """The values of a command's parameters. Raises DeclinedError."""
    reader = _Reader(parameters)
    reader.read(args, interspersed=True)
    reader.place()
    return _with_defaults(parameters, reader.values)


def read_options(parameters: Sequence[Parameter], args: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """The values of the options before the first word, and that word with all that follows. Raises DeclinedError."""
    reader = _Reader(parameters)
    reader.read(args, interspersed=False)
    return _with_defaults(parameters, reader.values), reader.given + list(reversed(reader.left))


def _with_defaults(parameters: Sequence[Parameter], given: dict[str, Any]) -> dict[str, Any]:
    return {p.name: given.get(p.name, p.default) for p in parameters}
