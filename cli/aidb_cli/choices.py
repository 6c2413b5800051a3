"""Options of which only one may be given."""

from __future__ import annotations

from collections.abc import Mapping

from aidb_cli.failures import UsageError


def one_of(flags: Mapping[str, bool]) -> str | None:
    """The option that was given, None if none was. Raises UsageError for two."""
    given = [name for name, wanted in flags.items() if wanted]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} exclude each other", hints=("Give one of them.",))
    return given[0] if given else None
