"""A filter as a tree of values, and as text again.

Places in the source (`at`) are kept for errors and do not count when two trees are compared.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as Choice

from aidb.metadata.filters.fields import STATISTICS
from aidb.metadata.filters.tokens import quoted

Literal = str | int | float | bool
Operator = Choice["<", "<=", ">", ">=", "=", "!="]
Space = Choice["run", "params", "metrics"]

_PLAIN = re.compile(r"[^\W\d][\w/-]*")


def _place() -> int:
    return dataclasses.field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """What is compared: a field of the run, a param, or a statistic of a metric."""

    space: Space
    key: str
    statistic: str = ""
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Compare:
    """`params.lr > 0.1`"""

    field: Field
    operator: Operator
    value: Literal
    at: int = _place()


@dataclass(frozen=True, slots=True)
class In:
    """`params.seed in (1, 2)`"""

    field: Field
    values: tuple[Literal, ...]
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Like:
    """`name like "resnet%"`: `%` is any text, `_` any character."""

    field: Field
    pattern: str
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Match:
    """`name ~ "^resnet"`: a regular expression (RE2) that is found anywhere."""

    field: Field
    pattern: str
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Has:
    """`tags has "best"`"""

    tag: str


@dataclass(frozen=True, slots=True)
class IsNull:
    """`params.lr is null`: the run does not have it."""

    field: Field


@dataclass(frozen=True, slots=True)
class IsNaN:
    """`metrics.loss.last is nan`"""

    field: Field


@dataclass(frozen=True, slots=True)
class Not:
    """Whatever does not fulfil `part`."""

    part: Node


@dataclass(frozen=True, slots=True)
class And:
    """Two parts or more, all of them."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Two parts or more, any of them."""

    parts: tuple[Node, ...]


Node = Compare | In | Like | Match | Has | IsNull | IsNaN | Not | And | Or


def fields_of(node: Node) -> Iterator[Field]:
    """Every field that a filter looks at, in order."""
    if isinstance(node, And | Or):
        for part in node.parts:
            yield from fields_of(part)
    elif isinstance(node, Not):
        yield from fields_of(node.part)
    elif not isinstance(node, Has):
        yield node.field


def write(node: Node) -> str:
    """The filter as text. `parse` gives the same tree again."""
    match node:
        case And(parts):
            return " and ".join(_inner(part) for part in parts)
        case Or(parts):
            return " or ".join(_inner(part) for part in parts)
        case Not(part):
            return f"not {_inner(part)}"
        case Has(tag):
            return f"tags has {quoted(tag)}"
        case IsNull(field):
            return f"{write_field(field)} is null"
        case IsNaN(field):
            return f"{write_field(field)} is nan"
        case Compare(field, operator, value):
            return f"{write_field(field)} {operator} {write_value(value)}"
        case In(field, values):
            return f"{write_field(field)} in ({', '.join(map(write_value, values))})"
        case Like(field, pattern):
            return f"{write_field(field)} like {quoted(pattern)}"
        case Match(field, pattern):
            return f"{write_field(field)} ~ {quoted(pattern)}"


def _inner(node: Node) -> str:
    return f"({write(node)})" if isinstance(node, And | Or) else write(node)


def write_field(field: Field) -> str:
    """`metrics."a key".min`; the statistic `last` is left out where that is what the rest means anyway."""
    if field.space == "run":
        return field.key
    plain = all(_PLAIN.fullmatch(part) for part in field.key.split("."))
    last_word = field.key.rpartition(".")[2]
    ambiguous = field.space == "metrics" and last_word in STATISTICS
    key = field.key if plain and not ambiguous else quoted(field.key)
    end = f".{field.statistic}" if field.statistic not in ("", "last") else ""
    return f"{field.space}.{key}{end}"


def write_value(value: Literal) -> str:
    """A number, a quoted text, `true` or `false`."""
    if isinstance(value, str):
        return quoted(value)
    return repr(value).lower() if isinstance(value, bool) else repr(value)
