"""`aidb runs plot`: curves in the terminal, or as a file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.output import Json, Output
from aidb_cli.runs.curves import curves
from aidb_cli.runs.values import json_value, number
from aidb_cli.views.braille import Canvas
from aidb_cli.words import count

if TYPE_CHECKING:
    from aidb.metadata.curves import Curve
    from aidb_cli.runs.listing import Wanted

_HEIGHT = 16
_MARGIN = 12
_MOST = 12
"""Curves in a terminal; more cannot be told apart."""
_STYLES = ("head", "modified", "added", "removed", "renamed", "dim")


class CurvesView:
    """Curves of one metric or several, in one picture."""

    def __init__(self, curves: Sequence[Curve], x: str) -> None:
        self._curves = curves
        self._x = x

    def json(self) -> Json:
        return [
            {
                "run": curve.run,
                "name": curve.name,
                "key": curve.key,
                "points": curve.count,
                "x": json_value(curve.x.tolist()),
                "y": json_value((curve.y if curve.smoothed is None else curve.smoothed).tolist()),
            }
            for curve in self._curves
        ]

    def draw(self, out: Output) -> None:
        shown = [(curve, _finite(curve)) for curve in self._curves[:_MOST]]
        shown = [(curve, points) for curve, points in shown if points]
        if not shown:
            out.line("There are no points to draw.")
            return
        xs = [x for _, points in shown for x, _ in points]
        ys = [y for _, points in shown for _, y in points]
        canvas = Canvas(max(20, out.width - _MARGIN - 1), _HEIGHT, (min(xs), max(xs)), (min(ys), max(ys)))
        for mark, (_, points) in enumerate(shown):
            canvas.line([x for x, _ in points], [y for _, y in points], mark)
        self._draw_canvas(out, canvas, (min(ys), max(ys)), (min(xs), max(xs)))
        self._draw_legend(out, [curve for curve, _ in shown])

    def _draw_canvas(
        self, out: Output, canvas: Canvas, y: tuple[float, float], x: tuple[float, float]
    ) -> None:
        labels = {0: number(y[1]), _HEIGHT - 1: number(y[0]), _HEIGHT // 2: number((y[0] + y[1]) / 2)}
        for row, characters in enumerate(canvas.rows()):
            drawn = "".join(
                char if mark is None else out.style(_STYLES[mark % len(_STYLES)], char)
                for char, mark in characters
            )
            out.line(f"{labels.get(row, ''):>{_MARGIN - 2}} ┤{drawn}".rstrip())
        left, right = number(x[0]), number(x[1])
        gap = max(1, canvas.width - len(left) - len(right) - len(self._x) - 2)
        out.line(" " * (_MARGIN - 1) + "└" + "─" * canvas.width)
        out.line(" " * _MARGIN + left + " " * (gap // 2) + f" {self._x} " + " " * (gap - gap // 2) + right)

    def _draw_legend(self, out: Output, curves: Sequence[Curve]) -> None:
        keys = {curve.key for curve in curves}
        for mark, curve in enumerate(curves):
            label = curve.name if len(keys) == 1 else f"{curve.name} {curve.key}"
            last = next((value for value in reversed(curve.y.tolist()) if not math.isnan(value)), math.nan)
            out.line(f"  {out.style(_STYLES[mark % len(_STYLES)], '━━')} {label}  {number(last)}")
        if len(self._curves) > _MOST:
            out.line(out.style("dim", f"  … and {len(self._curves) - _MOST} more; -o FILE.html draws all"))


def _finite(curve: Curve) -> list[tuple[float, float]]:
    ys = curve.y if curve.smoothed is None else curve.smoothed
    pairs = zip(curve.x.tolist(), ys.tolist(), strict=True)
    return [(x, y) for x, y in pairs if math.isfinite(x) and math.isfinite(y)]


def plot_runs(
    context: Context,
    words: Sequence[str],
    wanted: Wanted,
    keys: Sequence[str],
    *,
    x: str,
    smooth: str | None,
    output: str | None,
) -> None:
    """Draw the metrics `keys` of the runs that are named, or that fulfil the filter."""
    if not keys:
        raise UsageError(
            "no metric was named", hints=("`aidb runs plot -k loss RUN`", "`aidb runs show RUN` lists them.")
        )
    found = curves(context, words, wanted, keys, x=x, smoothing=_weight(smooth))
    if output is None:
        context.out.show(CurvesView(found, x))
        return
    from aidb.viz.curves import figure, save

    save(figure(found, x=x), Path(output))
    context.out.report(
        {"file": output, "curves": len(found)}, f"Drew {count(len(found), 'curve')} in {output}."
    )


def _weight(text: str | None) -> float:
    try:
        weight = float(text or 0)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < 1:
        raise UsageError(f"--smooth takes a number from 0 to below 1, not {text}")
    return weight
