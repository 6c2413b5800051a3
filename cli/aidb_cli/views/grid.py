"""Rows of text in aligned columns."""

from __future__ import annotations

from collections.abc import Sequence

from aidb.types import show_path

WIDEST = 32
"""Longer cells are cut."""


def grid(rows: Sequence[Sequence[str]], *, gap: str = "  ") -> list[str]:
    """A line per row, its cells padded to the width of their column. Rows may be of different lengths."""
    widths: list[int] = []
    for row in rows:
        for at, text in enumerate(row):
            if at == len(widths):
                widths.append(0)
            widths[at] = max(widths[at], len(text))
    return [gap.join(text.ljust(widths[at]) for at, text in enumerate(row)).rstrip() for row in rows]


def cell(value: str | None, widest: int = WIDEST) -> str:
    """A value of a file as it is safe to print, cut if it is long. NULL for none, quotes where it would not be seen."""
    if value is None:
        return "NULL"
    text = show_path(value[: widest + 1])
    if not text.strip() or value == "NULL":
        return f"'{text}'"
    return text if len(text) <= widest else text[: widest - 1] + "…"
