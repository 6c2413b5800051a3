"""Rules about the columns and rows of a table: Parquet, CSV, TSV or JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from aidb.checks.report import Problem
from aidb.checks.rules.contents import TABLES, Format
from aidb.errors import InvalidInputError, UnreadableContentError
from aidb.types import Entry, Kind, RepoPath, decode_path

if TYPE_CHECKING:
    from aidb.checks.candidate import Candidate
    from aidb.checks.tables import Question, Table

Value = str | int | float | bool

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".tsv": "tsv",
}


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds, both included; a text is a date or a time."""

    min: int | float | str | None = None
    max: int | float | str | None = None

    def refuse_unless(self, *kinds: type) -> None:
        """Raise InvalidInputError unless there is a bound, of these types, and both are numbers or both times."""
        given = [bound for bound in (self.min, self.max) if bound is not None]
        texts = [bound for bound in given if isinstance(bound, str)]
        if not given or not all(isinstance(bound, kinds) for bound in given) or len(texts) % len(given):
            raise InvalidInputError("a range needs min, max or both, and both of one kind")
        for text in texts:
            try:
                datetime.fromisoformat(text)
            except ValueError as error:
                raise InvalidInputError(
                    f"{text!r} is neither a number nor a time", hints=('Write times as "2026-01-31".',)
                ) from error

    def __str__(self) -> str:
        if self.min is None:
            return f"at most {self.max}"
        return f"at least {self.min}" if self.max is None else f"{self.min} to {self.max}"


class TableRule(NamedTuple):
    """What columns there are, and what their values may be."""

    formats: Sequence[Format] = ()
    delimiter: str = ""
    schema: Mapping[str, str] = {}
    extra: bool = True
    rows: Range | None = None
    unique: Sequence[tuple[str, ...]] = ()
    not_null: Sequence[str] = ()
    values: Mapping[str, Range | list[Value]] = {}

    def asks_anything(self) -> bool:
        """Whether any of it was given."""
        return bool(self.schema or self.rows or self.unique or self.not_null or self.values)

    def problems(self, candidate: Candidate, path: RepoPath, entry: Entry) -> Iterator[Problem]:
        if entry.kind is Kind.SYMLINK:
            return
        kind = self._format(path)
        if kind is None:
            yield Problem("format", f"is no table by its name: say which format, one of {', '.join(TABLES)}")
            return
        try:
            with candidate.table(path, entry, kind, self.delimiter) as table:
                yield from self._ask(table)
        except UnreadableContentError as error:
            yield Problem("format", f"is not readable as {kind}: {error.message}")

    def _format(self, path: RepoPath) -> Format | None:
        named = [name for name in self.formats if name in TABLES]
        if len(named) == 1:
            return named[0]
        name = decode_path(path).lower().removesuffix(".gz")
        return next((kind for suffix, kind in _SUFFIXES.items() if name.endswith(suffix)), None)

    def _ask(self, table: Table) -> Iterator[Problem]:
        yield from self._columns(table)
        known = table.columns
        answers = table.ask([question for question in self._questions(table) if question.column in known])
        if self.rows is not None:
            yield from _count_problems(self.rows, answers.rows)
        for answer in answers.broken:
            text = f"{answer.question.complaint} in {_rows(answer.rows)}"
            yield Problem(answer.question.rule, text, answer.examples)
        for key in self.unique:
            if known.keys() >= set(key):
                yield from _repeats(table, key)

    def _columns(self, table: Table) -> Iterator[Problem]:
        known = table.columns
        for column, wanted in self.schema.items():
            if column in known and (problem := table.type_problem(column, wanted)):
                yield Problem("schema", problem)
        missing = sorted(self._mentioned() - known.keys())
        if missing:
            yield Problem("schema", f"has no column {', '.join(missing)}", (f"columns: {', '.join(known)}",))
        more = [column for column in known if column not in self.schema]
        if more and not self.extra:
            yield Problem("extra", f"has columns that the schema does not name: {', '.join(more)}")

    def _mentioned(self) -> set[str]:
        keys = {column for key in self.unique for column in key}
        return keys | {*self.schema, *self.not_null, *self.values}

    def _questions(self, table: Table) -> Iterator[Question]:
        for column, wanted in self.schema.items():
            if column in table.columns and (question := table.not_of_type(column, wanted)):
                yield question
        for column in self.not_null:
            yield table.nulls(column)
        for column, allowed in self.values.items():
            yield (
                table.outside(column, allowed.min, allowed.max, str(allowed))
                if isinstance(allowed, Range)
                else table.not_among(column, allowed)
            )

    def __str__(self) -> str:
        parts = [f"columns {', '.join(f'{name} {kind}' for name, kind in self.schema.items())}"] * bool(
            self.schema
        )
        parts += ["no other column"] * (not self.extra)
        parts += [f"{self.rows} rows"] if self.rows else []
        parts += [f"{' and '.join(key)} unique" for key in self.unique]
        parts += [f"{column} never null" for column in self.not_null]
        parts += [
            f"{column} {allowed if isinstance(allowed, Range) else 'one of ' + ', '.join(map(str, allowed))}"
            for column, allowed in self.values.items()
        ]
        return "; ".join(parts)


def _count_problems(wanted: Range, count: int) -> Iterator[Problem]:
    low, high = (bound if isinstance(bound, int | float) else None for bound in (wanted.min, wanted.max))
    if (low is not None and count < low) or (high is not None and count > high):
        yield Problem("rows", f"has {_rows(count)}, allowed are {wanted}")


def _repeats(table: Table, key: tuple[str, ...]) -> Iterator[Problem]:
    count, examples = table.repeated(key)
    if count:
        repeats = "1 value repeats" if count == 1 else f"{count:,} values repeat"
        yield Problem("unique", f"{' and '.join(key)} is not unique: {repeats}", examples)


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"
