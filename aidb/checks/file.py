"""`.aidbchecks.toml`: from bytes to checks, strictly, so that a mistyped rule is not one that never fails.

The keys are described in docs/spec/checks.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from aidb.checks.gate import FILE_NAME
from aidb.checks.rules.base import FileRule, VersionRule
from aidb.checks.rules.contents import ContentRule, Format
from aidb.checks.rules.files import SizeRule, SuffixRule
from aidb.checks.rules.programs import Command, EntryPoint, Program
from aidb.checks.rules.tables import Range, TableRule
from aidb.checks.rules.versions import MaxFiles, MustExist
from aidb.checks.selection import ALWAYS, On, Selection
from aidb.checks.sizes import parse_size
from aidb.checks.tables import TYPES
from aidb.errors import InvalidInputError
from aidb.types import repo_path

MAX_SIZE = 1 << 20
MOST_CHECKS = 1000


class Check(NamedTuple):
    """Where something must hold, and what."""

    name: str
    selection: Selection
    files: tuple[FileRule, ...] = ()
    versions: tuple[VersionRule, ...] = ()
    programs: tuple[Program, ...] = ()
    hint: str = ""

    @property
    def rules(self) -> list[str]:
        """The rules in words."""
        return [str(rule) for rule in (*self.files, *self.versions, *self.programs)]


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A `[[check]]` as it is written."""

    name: str = ""
    on: tuple[On, ...] = ALWAYS
    branches: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    hint: str = ""
    # Files
    max_size: int | str | None = None
    min_size: int | str | None = None
    suffixes: tuple[str, ...] = ()
    format: Format | tuple[Format, ...] = ()
    # The version
    must_exist: tuple[str, ...] = ()
    max_files: int | None = None
    # Tables
    delimiter: str = ""
    schema_: dict[str, str] = msgspec.field(default_factory=dict, name="schema")
    extra: bool = True
    rows: Range | None = None
    unique: tuple[str | tuple[str, ...], ...] = ()
    not_null: tuple[str, ...] = ()
    values: dict[str, Range | list[str | int | float | bool]] = msgspec.field(default_factory=dict)
    # Programs
    command: str = ""
    entry: str = ""
    needs: tuple[str, ...] = ()
    timeout: int | float | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    check: list[_Written] = []


def parse_checks(data: bytes) -> list[Check]:
    """The checks of a file. Raises InvalidInputError that says where and why it cannot be read."""
    if len(data) > MAX_SIZE:
        raise _unreadable(f"it is larger than {MAX_SIZE:,} bytes")
    written = _convert(_load(data)).check
    if len(written) > MOST_CHECKS:
        raise _unreadable(f"it has more than {MOST_CHECKS:,} checks")
    checks = [_named(check, number) for number, check in enumerate(written, start=1)]
    twice = {check.name for check in checks if [c.name for c in checks].count(check.name) > 1}
    if twice:
        raise _unreadable(f"two checks are called {min(twice)!r}")
    return checks


def _load(data: bytes) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _unreadable(str(error)) from error


def _convert(values: dict[str, Any]) -> _File:
    try:
        return msgspec.convert(values, _File)
    except (msgspec.ValidationError, RecursionError) as error:
        raise _unreadable(str(error)) from error


def _named(written: _Written, number: int) -> Check:
    name = written.name or f"check {number}"
    try:
        return _check(written, name)
    except InvalidInputError as error:
        raise _unreadable(f"{name}: {error.message}", *error.hints) from error


def _check(written: _Written, name: str) -> Check:
    selection = Selection(written.on, written.branches, written.paths)
    selection.covers(b"a")
    check = Check(
        name,
        selection,
        tuple(_files(written)),
        tuple(_versions(written)),
        tuple(_programs(written)),
        written.hint,
    )
    if not check.rules:
        raise InvalidInputError("it asks for nothing", hints=("Give it a rule, such as max_size or format.",))
    return check


def _files(written: _Written) -> list[FileRule]:
    found: list[FileRule] = []
    if written.max_size is not None or written.min_size is not None:
        low, high = (
            None if size is None else parse_size(size) for size in (written.min_size, written.max_size)
        )
        found.append(SizeRule(low, high))
    if written.suffixes:
        found.append(SuffixRule(written.suffixes))
    _refuse_unreadable(written)
    formats = (written.format,) if isinstance(written.format, str) else written.format
    if formats:
        found.append(ContentRule(formats, written.delimiter))
    table = TableRule(
        formats,
        written.delimiter,
        written.schema_,
        written.extra,
        written.rows,
        tuple((key,) if isinstance(key, str) else key for key in written.unique),
        written.not_null,
        written.values,
    )
    return [*found, table] if table.asks_anything() else found


def _refuse_unreadable(written: _Written) -> None:
    """What would only show when a table is looked at."""
    for kind in written.schema_.values():
        if kind not in TYPES:
            raise InvalidInputError(
                f"{kind!r} is no type of a column", hints=(f"Types: {', '.join(TYPES)}.",)
            )
    if written.delimiter and (len(written.delimiter) > 1 or written.delimiter in '"\r\n'):
        raise InvalidInputError(f"{written.delimiter!r} cannot part the fields of a table")
    if written.rows is not None:
        written.rows.refuse_unless(int)
    for allowed in written.values.values():
        if isinstance(allowed, Range):
            allowed.refuse_unless(int, float, str)


def _versions(written: _Written) -> list[VersionRule]:
    found: list[VersionRule] = [MustExist(repo_path(path)) for path in written.must_exist]
    if written.max_files is not None:
        found.append(MaxFiles(written.max_files))
    return found


def _programs(written: _Written) -> list[Program]:
    needs = tuple(repo_path(path) for path in written.needs)
    found: list[Program] = []
    if written.command:
        found.append(Command(written.command, needs, written.timeout))
    if written.entry:
        found.append(EntryPoint(written.entry, needs))
    return found


def _unreadable(why: str, *hints: str) -> InvalidInputError:
    reason = " ".join(why.split())
    return InvalidInputError(
        f"{FILE_NAME} cannot be read: {reason}",
        hints=(*hints, f"Correct {FILE_NAME} and `aidb add` it; docs/spec/checks.md has every key."),
    )
