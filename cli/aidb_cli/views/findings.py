"""What checks found, in words and as data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aidb_cli.words import count

if TYPE_CHECKING:
    from aidb.errors import Finding
    from aidb_cli.output import Json


def findings_json(findings: Iterable[Finding]) -> Json:
    """Every finding with the check and rule it comes from."""
    return [finding._asdict() for finding in findings]


def finding_lines(findings: Iterable[Finding], more: int) -> list[str]:
    """A line for each finding, its examples indented below it."""
    lines = [line for finding in findings for line in (str(finding), *(f"    {x}" for x in finding.examples))]
    return [*lines, f"… and {count(more, 'more problem')}"] if more else lines
