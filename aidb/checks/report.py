"""Findings as they are gathered: the first ones are kept, all are counted, so that a million bad files stay cheap."""

from __future__ import annotations

from typing import NamedTuple

from aidb.errors import Finding
from aidb.types import show_path

MOST = 20
"""Findings kept of each check: more do not help whoever corrects them."""


class Problem(NamedTuple):
    """What a rule says of a file or of the whole version."""

    rule: str
    text: str
    examples: tuple[str, ...] = ()


class Report:
    """What the checks of one version found."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.more = 0
        """How many findings were not kept."""
        self._counts: dict[str, int] = {}

    @property
    def total(self) -> int:
        return len(self.findings) + self.more

    def add(self, check: str, path: bytes, problem: Problem) -> None:
        """Take up one finding; an empty path for the whole version."""
        count = self._counts[check] = self._counts.get(check, 0) + 1
        if count > MOST:
            self.more += 1
            return
        examples = tuple(map(show_path, problem.examples))
        self.findings.append(Finding(check, problem.rule, show_path(path), show_path(problem.text), examples))
