"""From a filter to a condition in SQL; values are parameters, never text of the statement."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from aidb.errors import FilterError, InvalidInputError
from aidb.metadata.filters.fields import RUN_FIELDS
from aidb.metadata.filters.nodes import (
    And,
    Compare,
    Field,
    Has,
    In,
    IsNaN,
    IsNull,
    Like,
    Literal,
    Match,
    Node,
    Not,
    Operator,
    Or,
)


class Columns(NamedTuple):
    """Where the values of a field are: an expression for each type, None where it never has that type."""

    number: str | None = None
    text: str | None = None
    truth: str | None = None

    @property
    def present(self) -> str:
        """Whether there is a value of any type."""
        return " OR ".join(f"{one} IS NOT NULL" for one in self if one is not None)


class Condition(NamedTuple):
    """A condition that is never NULL, and its parameters by name."""

    sql: str
    parameters: dict[str, Any]


def compile_filter(
    node: Node, columns: Callable[[Field], Columns], *, tags: str, now: datetime, source: str = ""
) -> Condition:
    """The condition that a filter stands for.

    `columns` tells where a field is found, `tags` is an expression for the list of a run's tags. Points in time are
    seconds since 1970. Raises FilterError for a time that cannot be read, pointing into `source`.
    """
    compiler = _Compiler(columns, tags, now, source)
    return Condition(compiler.condition(node), compiler.parameters)


class _Compiler:
    def __init__(self, columns: Callable[[Field], Columns], tags: str, now: datetime, source: str) -> None:
        self.parameters: dict[str, Any] = {}
        self._columns = columns
        self._tags = tags
        self._now = now
        self._source = source

    def condition(self, node: Node) -> str:
        match node:
            case And(parts):
                return "(" + " AND ".join(map(self.condition, parts)) + ")"
            case Or(parts):
                return "(" + " OR ".join(map(self.condition, parts)) + ")"
            case Not(part):
                return f"(NOT {self.condition(part)})"
            case Has(tag):
                return _surely(f"list_contains({self._tags}, {self._parameter(tag)})")
            case IsNull(field):
                return f"(NOT ({self._columns(field).present}))"
            case IsNaN(field):
                number = self._columns(field).number
                return "false" if number is None else _surely(f"isnan({number})")
            case Compare(field, operator, value, at):
                return self._comparison(field, operator, value, at)
            case In(field, values, at):
                return "(" + " OR ".join(self._comparison(field, "=", value, at) for value in values) + ")"
            case Like(field, pattern):
                return self._texts(field, f"LIKE {self._parameter(pattern)}")
            case Match(field, pattern, at):
                return self._matches(field, pattern, at)

    def _comparison(self, field: Field, operator: Operator, value: Literal, at: int) -> str:
        columns = self._columns(field)
        value = self._seconds(field, value, at)
        if isinstance(value, bool):
            column = columns.truth
        elif isinstance(value, str):
            column = columns.text
        else:
            column = columns.number
        if column is None:
            return "false"
        test = f"{column} {'<>' if operator == '!=' else operator} {self._parameter(value)}"
        # DuckDB holds NaN for the greatest of numbers; a person who asks for loss > 5 does not mean it.
        is_number = not isinstance(value, bool | str)
        return _surely(f"{test} AND NOT isnan({column})" if is_number else test)

    def _texts(self, field: Field, test: str) -> str:
        column = self._columns(field).text
        return "false" if column is None else _surely(f"{column} {test}")

    def _matches(self, field: Field, pattern: str, at: int) -> str:
        column = self._columns(field).text
        if column is None:
            return "false"
        try:
            re.compile(pattern)
        except re.error as error:
            message = f"{pattern!r} is not a regular expression: {error.msg}"
            raise FilterError(message, source=self._source, at=at) from None
        return _surely(f"regexp_matches({column}, {self._parameter(pattern)})")

    def _seconds(self, field: Field, value: Literal, at: int) -> Literal:
        """Times and spans as numbers; everything else as it is."""
        kind = RUN_FIELDS[field.key] if field.space == "run" else ""
        if not isinstance(value, str) or kind not in ("time", "span"):
            return value
        from aidb.versioning.dates import parse_span, parse_when

        try:
            return (
                parse_when(value, self._now).timestamp()
                if kind == "time"
                else parse_span(value).total_seconds()
            )
        except (InvalidInputError, OverflowError) as error:
            hints = error.hints if isinstance(error, InvalidInputError) else ()
            raise FilterError(f"{value!r} cannot be read", source=self._source, at=at, hints=hints) from None

    def _parameter(self, value: Literal) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        name = f"f{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"


def _surely(test: str) -> str:
    """False where SQL would say that it does not know."""
    return f"coalesce({test}, false)"
