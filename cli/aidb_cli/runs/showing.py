"""`aidb runs show`, `compare`, `logs`, `cat`, `diff`: looking at runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aidb_cli.context import Context
from aidb_cli.output import Json, Output
from aidb_cli.runs.values import json_value, span, text
from aidb_cli.views.grid import grid
from aidb_cli.words import count, when

if TYPE_CHECKING:
    from aidb.metadata.comparing import Comparison
    from aidb.metadata.run import Logged, RunRecord

_STATISTICS = ("last", "min", "max", "mean", "best_step", "count")
SHORT = 10
_PACKAGES = 20
"""Packages that differ which are listed; more are counted."""


class RunView:
    """One run."""

    def __init__(self, run: RunRecord) -> None:
        self._run = run

    def json(self) -> Json:
        from dataclasses import asdict

        found: Json = json_value(asdict(self._run))
        return found

    def draw(self, out: Output) -> None:
        run = self._run
        out.line(out.style("commit", f"run {run.id}"))
        facts = {
            "Name": run.name,
            "Experiment": run.experiment,
            "Status": run.status,
            "Started": when(run.started.astimezone()) if run.started else None,
            "Duration": span(run.duration),
            "Tags": ", ".join(run.tags),
            "Parent": run.parent,
            "Where": f"{run.user or ''}@{run.host or ''}".strip("@"),
            "Command": run.command,
            "Code": _code(run),
            "Notes": run.notes,
        }
        _draw_facts(out, {name: value for name, value in facts.items() if value})
        _section(out, "Params", ([key, text(value)] for key, value in run.params.items()))
        rows = [[key, *(text(found[name]) for name in _STATISTICS)] for key, found in run.metrics.items()]
        _section(out, "Metrics", [["", *_STATISTICS], *rows] if rows else ())
        _section(out, "Read", ([one.commit[:SHORT], one.path or "(all)", one.asked] for one in run.read))
        _section(out, "Made", ([one.commit[:SHORT], one.path, f"on {one.branch}"] for one in run.wrote))
        _section(out, "Logged", _media(run))
        alerts = [one for one in run.logged if one.kind == "alert"]
        _section(out, "Alerts", ([one.name, _text(one)] for one in alerts))
        _section(out, "Problems", ([name, problem] for name, problem in run.problems.items()))
        if run.error:
            out.line("\n" + out.style("error", "Error"))
            out.line(run.error.rstrip())


def _media(run: RunRecord) -> list[list[str]]:
    """Images, tables and the like: the kind of each name, and how many there are."""
    numbers = Counter((one.kind, one.name) for one in run.logged if one.kind not in ("alert", "captured"))
    return [[kind, name, count(number, "time")] for (kind, name), number in numbers.items()]


def _text(alert: Logged) -> str:
    return text(alert.data.get("text"), 200) if isinstance(alert.data, dict) else ""


def _code(run: RunRecord) -> str:
    changed = run.captured.get("code", {}).get("changed")
    return f"{run.commit[:SHORT]}{' with uncommitted changes' if changed else ''}" if run.commit else ""


def _draw_facts(out: Output, facts: Mapping[str, Any]) -> None:
    for name, value in facts.items():
        out.line(f"{name + ':':<12}{text(value, 200)}")


def _section(out: Output, title: str, rows: Iterator[list[str]] | Sequence[list[str]]) -> None:
    rows = list(rows)
    if rows:
        out.line("\n" + out.style("heading", title))
        for line in grid(rows):
            out.line("  " + line)


class ComparisonView:
    """Runs side by side."""

    def __init__(self, found: Comparison) -> None:
        self._found = found

    def json(self) -> Json:
        found = self._found
        parts = ("params", "same", "metrics", "data", "code", "environment", "packages")
        told = {part: json_value(getattr(found, part)) for part in parts}
        return {"runs": [{"id": run.id, "name": run.name} for run in found.runs], **told}

    def draw(self, out: Output) -> None:
        found = self._found
        out.line(out.style("heading", grid([["", *(run.name for run in found.runs)]])[0]).strip())
        self._part(out, "Params that differ", found.params)
        self._part(out, "Metrics, last value", found.metrics)
        self._part(
            out, "Data", {name: [_short(one) for one in values] for name, values in found.data.items()}
        )
        self._part(
            out, "Code", {name: [_short(one) for one in values] for name, values in found.code.items()}
        )
        self._part(out, "Environment", found.environment)
        packages = dict(list(found.packages.items())[:_PACKAGES])
        self._part(out, "Packages", packages)
        if len(found.packages) > len(packages):
            out.line(f"  … and {count(len(found.packages) - len(packages), 'more package')}")
        if found.same:
            out.line(f"\n{count(len(found.same), 'param')} the same: {', '.join(found.same)}")

    def _part(self, out: Output, title: str, values: Mapping[str, Sequence[Any]]) -> None:
        names = [run.name for run in self._found.runs]
        rows = [[name, *(text(one) or "-" for one in found)] for name, found in values.items()]
        if rows:
            _section(out, title, [["", *names], *rows])


def _short(value: Any) -> Any:
    """A commit as people write it."""
    is_commit = isinstance(value, str) and len(value) == 40 and not set(value) - set("0123456789abcdef")
    return value[:SHORT] if is_commit else value


def show_run(context: Context, word: str) -> None:
    """Everything of one run."""
    context.out.show(RunView(context.repo.runs[word]))


def compare_runs(context: Context, words: Sequence[str]) -> None:
    """Runs side by side."""
    context.out.show(ComparisonView(context.repo.runs.compare(words)))


def print_logs(context: Context, word: str) -> None:
    """What a run printed, writer after writer."""
    runs = context.repo.runs
    run = runs.resolve(word)
    from aidb.tracking.journal.folder import CONSOLE

    consoles = sorted((runs.folder / run).glob("*" + CONSOLE))
    if not consoles:
        context.out.note(f"Nothing that {run} printed was recorded.")
    for path in consoles:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                context.out.write_bytes(piece)


def print_journal(context: Context, word: str) -> None:
    """Everything that a run logged, a line of JSON each."""
    import json

    from aidb.tracking.journal.folder import cat

    runs = context.repo.runs
    for found in cat(runs.folder / runs.resolve(word)):
        context.out.line(json.dumps(found))
