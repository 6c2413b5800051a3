"""Figures, texts and pages."""

from __future__ import annotations

import io
from typing import Any

from aidb.errors import InvalidInputError
from aidb.tracking.media.made import Made


def figure_file(figure: Any) -> Made:
    """Plotly's figures as their JSON, matplotlib's as SVG. Raises InvalidInputError for anything else."""
    if hasattr(figure, "to_plotly_json"):
        return Made(figure.to_json().encode(), ".plotly.json", {})
    figure = figure if hasattr(figure, "savefig") else getattr(figure, "figure", None)
    if hasattr(figure, "savefig"):
        out = io.BytesIO()
        figure.savefig(out, format="svg", bbox_inches="tight")
        return Made(out.getvalue(), ".svg", {})
    raise InvalidInputError(f"{type(figure).__name__} is no figure of plotly or matplotlib")


def text_file(text: str, suffix: str) -> Made:
    """A text as UTF-8."""
    if not isinstance(text, str):
        raise InvalidInputError(f"{type(text).__name__} is no text")
    return Made(text.encode("utf-8", "backslashreplace"), suffix, {})
