"""Where a check applies: at which events, on which branches, to which paths."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import msgspec

from aidb.errors import InvalidInputError
from aidb.gitignore import compile_patterns
from aidb.types import decode_path

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

    from aidb.versioning.gate import Event

On = Literal["pre-commit", "pre-merge"]
ALWAYS: tuple[On, ...] = ("pre-commit", "pre-merge")


class Selection(msgspec.Struct, frozen=True, dict=True):
    """`branches` are patterns as for files, of which `*` also matches `/`; `paths` have the syntax of `.aidbignore`.

    Nothing given means everywhere; a check of certain branches does not apply where none is checked out.
    """

    on: tuple[On, ...] = ALWAYS
    branches: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def applies(self, event: Event, branch: str | None) -> bool:
        """Whether the check is asked at all."""
        if f"pre-{event}" not in self.on:
            return False
        return not self.branches or (
            branch is not None and any(fnmatchcase(branch, pattern) for pattern in self.branches)
        )

    def covers(self, path: bytes) -> bool:
        """Whether the check is about this path."""
        return self._spec is None or self._spec.match_file(decode_path(path))

    @cached_property
    def _spec(self) -> GitIgnoreSpec | None:
        if not self.paths:
            return None
        try:
            return compile_patterns(self.paths)
        except ValueError as error:
            raise InvalidInputError(
                f"a pattern in {list(self.paths)} cannot be read: {error}",
                hints=("Patterns have the syntax of a .gitignore file.",),
            ) from error
