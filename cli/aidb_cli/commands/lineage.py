"""`aidb lineage`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.output import Json, Output
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.commits import SHORT

if TYPE_CHECKING:
    from aidb.metadata.lineage import Graph, Place, Version


def lineage(
    context: Context,
    what: Annotated[
        str, Argument("A run, REV:PATH, a revision, or a path of HEAD.", "RUN|REV|PATH", complete.runs)
    ],
    up: Annotated[bool, Option(("--up",), "Only where it came from.")] = False,
    down: Annotated[bool, Option(("--down",), "Only what became of it.")] = False,
    depth: Annotated[int | None, Option(("--depth",), "Follow so many steps.", metavar="N")] = None,
) -> None:
    """Show where data or a run came from, and what became of it.

    A run comes from the data that it read, data from the run that made it, and so on at any depth.
    """
    runs = context.repo.runs
    graph = runs.lineage()
    starts = _starts(context, graph, what)
    named = runs.table(columns=["id", "name"])
    both = up == down
    context.out.show(
        _View(
            dict(named.rows()),
            [graph.follow(start, "up", depth) for start in starts] if up or both else [],
            [graph.follow(start, "down", depth) for start in starts] if down or both else [],
        )
    )


def _starts(context: Context, graph: Graph, what: str) -> list[str | Version]:
    """What is meant: a run if there is one of that name, otherwise a version, and others with the same file."""
    from aidb.errors import NotFoundError
    from aidb.metadata.lineage import Version, touches
    from aidb_cli.locations import locate

    runs = context.repo.runs
    if what in runs:
        return [runs.resolve(what)]
    place = locate(context, what)
    version = Version(place.snapshot.commit.id, place.path)
    if any(touches(link.version, version) for link in graph.links):
        return [version]
    if place.path and place.path in place.snapshot:
        blob = place.snapshot.stat(place.path).blob
        for commit in dict.fromkeys(link.version.commit for link in graph.links):
            snapshot = context.repo.at(commit)
            if place.path in snapshot and snapshot.stat(place.path).blob == blob:
                return [Version(commit, place.path)]
    raise NotFoundError(
        f"no run read or made {what}", hints=("`aidb runs show RUN` tells what a run read and made.",)
    )


class _View:
    def __init__(self, names: dict[str, str], up: list[Place], down: list[Place]) -> None:
        self._names = names
        self._parts = {"Came from": up, "Became": down}

    def json(self) -> Json:
        keys = {"Came from": "up", "Became": "down"}
        return {
            keys[title]: [_json(place) for place in places] for title, places in self._parts.items() if places
        }

    def draw(self, out: Output) -> None:
        for title, places in self._parts.items():
            for place in places:
                out.line(out.style("heading", f"{title}:"))
                out.line("  " + self._label(out, place))
                self._draw_below(out, place, "  ")

    def _draw_below(self, out: Output, place: Place, indent: str) -> None:
        for at, below in enumerate(place.next):
            last = at == len(place.next) - 1
            out.line(f"{indent}{'└─' if last else '├─'} {self._label(out, below)}")
            self._draw_below(out, below, indent + ("   " if last else "│  "))

    def _label(self, out: Output, place: Place) -> str:
        again = out.style("dim", " (see above)") if place.again and place.next == [] else ""
        if isinstance(place.what, str):
            return f"run {out.style('commit', place.what)} {self._names.get(place.what, '')}{again}"
        return f"data {out.style('commit', place.what.commit[:SHORT])}:{place.what.path}{again}"


def _json(place: Place) -> Json:
    what = place.what
    named = {"run": what} if isinstance(what, str) else {"commit": what.commit, "path": what.path}
    return {**named, "again": place.again, "next": [_json(below) for below in place.next]}


COMMAND = Command(
    lineage,
    examples=(
        ("aidb lineage swift-otter", "what a run came from and became"),
        ("aidb lineage main:train --down", "every run and model that came of this data"),
        ("aidb lineage models/best.pt --up --json", "the data behind a model, as JSON"),
    ),
    pages=True,
)
