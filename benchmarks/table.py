"""The table of a run: as text for a terminal, and as Markdown for docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.measure import Figure
from benchmarks.results import Results
from benchmarks.rows.base import Row
from benchmarks.targets import AIDB, Verdict, peaks
from benchmarks.units import show_bytes

_LEVEL = {True: "must", False: "aim"}
_PEAK = "peak memory in all of these"

Cell = Callable[
    [Row, Figure, Figure | None], str
]  # (row, a tool's figure, aidb's) -> what stands in the table

_WORDS = {True: "PASS", False: "MISS", None: "-"}


class Judged(NamedTuple):
    """One target, "must" or "aim", and how aidb did."""

    title: str
    level: str
    text: str
    verdict: Verdict

    def line(self) -> str:
        """As it stands below the figures of its row."""
        return f"      {_WORDS[self.verdict.reached]:4}  {self.level:4}  {self.text}: {self.verdict.got}"


def as_text(results: Results, rows: Sequence[Row], *, memory: bool = True) -> str:
    """One block for each row: every tool, then what aidb had to reach. `memory` asks for peaks too."""
    blocks = [_block(results, row, memory=memory) for row in rows if _is_measured(results, row)]
    return "\n".join([*_heading(results), *blocks, _summary(results, rows, memory=memory)])


def _heading(results: Results) -> list[str]:
    versions = ", ".join(f"{tool} {version}" for tool, version in results.versions.items())
    small = (
        ["QUICK: the data is small, so the figures check the machinery and no target."]
        if results.quick
        else []
    )
    return [results.machine, versions, *small, ""]


def _block(results: Results, row: Row, *, memory: bool) -> str:
    lines = [row.title]
    width = max(8, *map(len, results.versions))
    for tool in results.versions:
        figure = results.get(row.id, tool)
        why = results.failures.get(row.id, {}).get(tool)
        if figure:
            lines.append(f"    {tool:{width}} {_cells(results, row, figure, memory=memory)}".rstrip())
        elif why:
            lines.append(f"    {tool:{width}} failed: {_first_line(why)}")
    lines += [judged.line() for judged in verdicts(results, [row], memory=False)]
    return "\n".join([*lines, ""])


def _cells(results: Results, row: Row, figure: Figure, *, memory: bool) -> str:
    own = results.get(row.id, AIDB)
    ratio = f"{figure.value / own.value:6.2f}x" if row.unit.has_ratio and own and own.value else ""
    store = "" if figure.growth is None else f"store +{show_bytes(figure.growth)} in {figure.files} files"
    peak = f"{show_bytes(figure.peak):>9} peak" if memory else ""
    return f"{row.unit.show(figure.value):>8} {ratio:8} {peak}   {store}"


def verdicts(results: Results, rows: Iterable[Row], *, memory: bool = True) -> Iterator[Judged]:
    """How aidb did against every target of `rows`, and, with `memory`, against those for peaks in all rows."""
    for row in rows:
        for target in row.targets:
            yield Judged(row.title, _LEVEL[target.must], target.text, target.verdict(results, row.id))
    for must, text, verdict in peaks(results) if memory else []:
        yield Judged(_PEAK, _LEVEL[must], text, verdict)


def _summary(results: Results, rows: Sequence[Row], *, memory: bool) -> str:
    every = list(verdicts(results, rows, memory=memory))
    lines = [_PEAK, *(judged.line() for judged in every if judged.title == _PEAK), ""] if memory else []
    counts = []
    for level in _LEVEL.values():
        reached = [judged.verdict.reached for judged in every if judged.level == level]
        counts.append(f"{level}: {reached.count(True)} of {len(reached) - reached.count(None)} reached")
    return "\n".join([*lines, "; ".join(counts)])


def as_markdown(results: Results, rows: Sequence[Row], *, memory: bool = True) -> str:
    """Figures with ratios, targets, how each tool was set up; with `memory`, peaks and growth of the store too."""
    rows = [row for row in rows if _is_measured(results, row)]
    versions = ", ".join(f"{tool} {version}" for tool, version in results.versions.items())
    parts = [
        f"{results.machine}. {versions}.",
        f"### {'Time' if memory else 'Figures'}\n\nIn brackets: how many times aidb's figure.\n\n"
        + _matrix(results, rows, _value_cell),
        *(_memory(results, rows) if memory else []),
        "### Against the targets\n\n" + _targets(results, rows, memory=memory),
        "### How each tool was set up\n\n"
        + "\n".join(f"- **{t}**: {note}." for t, note in results.notes.items()),
    ]
    if any(results.failures.values()):
        parts.append("### What failed\n\n" + _failures(results))
    return "\n\n".join(parts) + "\n"


def _memory(results: Results, rows: Sequence[Row]) -> list[str]:
    grown = [row for row in rows if _has_growth(results, row)]
    return [
        "### Peak memory\n\n" + _matrix(results, rows, lambda _row, figure, _own: show_bytes(figure.peak)),
        "### Growth of the store\n\n" + _matrix(results, grown, _growth),
    ]


def _value_cell(row: Row, figure: Figure, own: Figure | None) -> str:
    compared = row.unit.has_ratio and own and own is not figure and own.value
    ratio = f" ({figure.value / own.value:.2g}x)" if own and compared else ""
    return row.unit.show(figure.value) + ratio


def _growth(_row: Row, figure: Figure, _own: Figure | None) -> str:
    return "" if figure.growth is None else f"{show_bytes(figure.growth)}, {figure.files} files"


def _matrix(results: Results, rows: Sequence[Row], cell: Cell) -> str:
    tools = list(results.versions)
    lines = ["| | " + " | ".join(tools) + " |", "|---" * (len(tools) + 1) + "|"]
    for row in rows:
        own = results.get(row.id, AIDB)
        figures = [results.get(row.id, tool) for tool in tools]
        lines.append(f"| {row.title} | " + " | ".join(cell(row, f, own) if f else "" for f in figures) + " |")
    return "\n".join(lines)


def _targets(results: Results, rows: Sequence[Row], *, memory: bool) -> str:
    lines = ["| workload | | target | aidb | |", "|---|---|---|---|---|"]
    for title, level, text, verdict in verdicts(results, rows, memory=memory):
        lines.append(f"| {title} | {level} | {text} | {verdict.got} | {_WORDS[verdict.reached]} |")
    return "\n".join(lines)


def _failures(results: Results) -> str:
    titles = [(row, tool, why) for row, cells in results.failures.items() for tool, why in cells.items()]
    return "\n".join(f"- {row}, {tool}: {_first_line(why)}" for row, tool, why in titles)


def _is_measured(results: Results, row: Row) -> bool:
    return bool(results.figures.get(row.id) or results.failures.get(row.id))


def _has_growth(results: Results, row: Row) -> bool:
    return any(figure.growth is not None for figure in results.figures.get(row.id, {}).values())


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else ""
