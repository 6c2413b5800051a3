"""Who commits, as far as the command line and the environment say; otherwise the library finds out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aidb.errors import InvalidInputError
from aidb_cli.context import Context

if TYPE_CHECKING:
    from aidb.versioning.commits import Person

_PERSON = re.compile(r"\s*([^<>]*[^<>\s])\s*<([^<>\s]*)>\s*")


def author(context: Context, given: str | None = None) -> Person | None:
    """The author of a commit; `given` is what `--author` says. None leaves it to the settings, Git's and the login."""
    from aidb.versioning.commits import Person
    from aidb.versioning.identity import fallback_person

    if given is not None:
        match = _PERSON.fullmatch(given)
        if match is None:
            raise InvalidInputError(
                f"{given!r} is not an author", hints=('Write it as "Ada Lovelace <ada@example.com>".',)
            )
        return Person(match[1], match[2])
    name, email = _from_environment(context, "name"), _from_environment(context, "email")
    if not name and not email:
        return None
    last = fallback_person()
    return Person(
        name or _setting(context, "name") or last.name, email or _setting(context, "email") or last.email
    )


def _from_environment(context: Context, what: str) -> str:
    """Our own variable, or Git's where aidb's settings say nothing."""
    own = context.environ.get(f"AIDB_AUTHOR_{what.upper()}", "")
    if own or _setting(context, what):
        return own
    return context.environ.get(f"GIT_AUTHOR_{what.upper()}", "")


def _setting(context: Context, what: str) -> str:
    return str(context.config.get(f"user.{what}"))
