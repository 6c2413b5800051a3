"""Patterns in the syntax of `.gitignore`, compiled by the `pathspec` library, which is loaded where there are any."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


def compile_patterns(lines: Iterable[str]) -> GitIgnoreSpec:
    """Patterns, one a line. Raises ValueError for one that cannot be read."""
    from pathspec import GitIgnoreSpec

    with warnings.catch_warnings():
        # `[[a]` is a fine pattern, and will be one; Python only warns that it may come to mean something else.
        warnings.simplefilter("ignore", FutureWarning)
        try:
            return GitIgnoreSpec.from_lines(lines)
        except re.error as error:
            raise ValueError(str(error)) from error
