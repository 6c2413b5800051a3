"""Curves of runs as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aidb.errors import InvalidInputError
from aidb.files import storage_errors

if TYPE_CHECKING:
    from aidb.metadata.curves import Curve

_COLOURS = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e")


def figure(curves: Sequence[Curve], *, x: str = "step") -> Any:
    """A plotly figure with a line per curve; where they are smoothed, what they were drawn from is faint behind."""
    go = _plotly()
    drawn = go.Figure()
    keys = {curve.key for curve in curves}
    for at, curve in enumerate(curves):
        colour = _COLOURS[at % len(_COLOURS)]
        label = curve.name if len(keys) == 1 else f"{curve.name} · {curve.key}"
        smoothed = curve.smoothed is not None
        if smoothed:
            faint = {"mode": "lines", "line": {"color": colour, "width": 1}, "opacity": 0.25}
            drawn.add_scatter(x=curve.x, y=curve.y, showlegend=False, hoverinfo="skip", **faint)
        y = curve.smoothed if smoothed else curve.y
        drawn.add_scatter(x=curve.x, y=y, name=label, mode="lines", line={"color": colour, "width": 2})
    drawn.update_layout(
        template="plotly_white", xaxis_title=x, yaxis_title=", ".join(sorted(keys)), hovermode="x unified"
    )
    return drawn


def save(drawn: Any, path: Path) -> None:
    """Write a figure as .html, which needs no network, or as a picture: .png, .svg, .pdf. Raises InvalidInputError."""
    with storage_errors(f"writing {path.name}"):
        if path.suffix == ".html":
            drawn.write_html(path, include_plotlyjs=True)
        elif path.suffix in (".png", ".svg", ".pdf"):
            _write_picture(drawn, path)
        else:
            raise InvalidInputError(
                f"a figure cannot be written as {path.name}", hints=("Use .html, .png, .svg or .pdf.",)
            )


def _write_picture(drawn: Any, path: Path) -> None:
    try:
        drawn.write_image(path)
    except (ImportError, ValueError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        hints = ("`pip install 'aidb[viz]'` and a Chrome draw pictures; .html needs neither.",)
        raise InvalidInputError(f"the picture cannot be drawn: {reason}", hints=hints) from None


def _plotly() -> Any:
    try:
        import plotly.graph_objects as go
    except ImportError:
        raise InvalidInputError(
            "plotly is not installed", hints=("`pip install 'aidb[viz]'` brings it.",)
        ) from None
    return go
