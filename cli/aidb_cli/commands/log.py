"""`aidb log`"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

from aidb_cli import complete
from aidb_cli.comparisons import patch_lines, stat_lines
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.graph import Drawn, Graph, among
from aidb_cli.locations import split_revisions
from aidb_cli.output import Output
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.commits import Names, commit_json, full, one_line

if TYPE_CHECKING:
    from aidb.versioning.commits import Commit


def log(
    context: Context,
    words: Annotated[
        tuple[str, ...],
        Argument("A revision or a range A..B, then paths.", metavar="REV|PATH", complete=complete.revisions),
    ] = (),
    oneline: Annotated[bool, Option(("--oneline",), "One line per commit.")] = False,
    graph: Annotated[bool, Option(("--graph",), "Draw how branches part and meet.")] = False,
    everything: Annotated[bool, Option(("--all",), "Start from every branch and tag.")] = False,
    limit: Annotated[
        int | None, Option(("-n", "--max-count"), "At most so many; also -5.", metavar="N")
    ] = None,
    since: Annotated[
        str | None,
        Option(("--since", "--after"), 'Newer than "2026-11-01" or "2 weeks ago".', metavar="TIME"),
    ] = None,
    until: Annotated[str | None, Option(("--until", "--before"), "Older than.", metavar="TIME")] = None,
    author: Annotated[
        str | None, Option(("--author",), "Whose name or address matches this pattern.", metavar="PATTERN")
    ] = None,
    grep: Annotated[
        str | None, Option(("--grep",), "Whose message matches this pattern.", metavar="PATTERN")
    ] = None,
    first_parent: Annotated[
        bool, Option(("--first-parent",), "Follow only the first parent of merges.")
    ] = False,
    stat: Annotated[bool, Option(("--stat",), "List what each commit changed.")] = False,
    patch: Annotated[
        bool, Option(("-p", "--patch"), "The list, and the insides of small text files that changed.")
    ] = False,
) -> None:
    """Show the history, newest first.

    With paths, only commits that changed them; after -- also paths that no longer exist.
    """
    revisions, paths = split_revisions(context, words, 1)
    if revisions and everything:
        raise UsageError(f"--all and {revisions[0]!r} exclude each other", hints=("Give one of them.",))
    history = partial(
        context.repo.log,
        revisions[0] if revisions else "HEAD",
        first_parent=first_parent,
        all=everything,
        order="topological" if graph else "time",
    )
    commits = history(paths=paths, since=since, until=until, author=author, grep=grep, limit=limit)
    names = Names(context.repo)
    if context.out.json_mode:
        context.out.rows(commits, lambda commit: commit_json(commit, names), str)
        return
    detail = patch_lines if patch else stat_lines if stat else None
    show = partial(_lines, context, names=names, oneline=oneline, detail=detail)
    with context.out.paged():
        if not graph:
            _list(context.out, map(show, commits), apart=not oneline)
        elif paths or since or until or author or grep:
            _draw_some(context.out, list(commits), list(history()), show, apart=not oneline)
        else:
            _draw(context.out, ((commit, commit.parents) for commit in commits), show, apart=not oneline)


def _lines(
    context: Context,
    commit: Commit,
    *,
    names: Names,
    oneline: bool,
    detail: Callable[[Context, Commit], list[str]] | None,
) -> list[str]:
    lines = [one_line(context.out, commit, names)] if oneline else full(context.out, commit, names)
    if detail is not None:
        lines += detail(context, commit) if oneline else ["", *detail(context, commit)]
    return lines


def _list(out: Output, commits: Iterable[list[str]], *, apart: bool) -> None:
    for index, lines in enumerate(commits):
        if index and apart:
            out.line()
        for line in lines:
            out.line(line)


Show = Callable[["Commit"], list[str]]


def _draw(out: Output, commits: Iterable[tuple[Commit, Sequence[str]]], show: Show, *, apart: bool) -> None:
    graph = Graph()
    for commit, parents in commits:
        _beside(out, graph.draw(commit.id, parents), [*show(commit), ""] if apart else show(commit))


def _draw_some(out: Output, commits: list[Commit], history: list[Commit], show: Show, *, apart: bool) -> None:
    """Draw only some commits: lines lead over those that are left out."""
    parents = among({commit.id for commit in commits}, [(commit.id, commit.parents) for commit in history])
    _draw(out, ((commit, parents[commit.id]) for commit in commits), show, apart=apart)


def _beside(out: Output, drawn: Drawn, lines: list[str]) -> None:
    """Text to the right of the drawing, for as many rows as either needs."""
    left = [drawn.first, *drawn.after]
    for index in range(max(len(left), len(lines))):
        text = lines[index] if index < len(lines) else ""
        out.line((_colored(out, left[index] if index < len(left) else drawn.rest) + text).rstrip())


def _colored(out: Output, drawing: str) -> str:
    styles = {"*": "commit", "|": "dim", "/": "dim", "\\": "dim"}
    return "".join(out.style(styles[char], char) if char in styles else char for char in drawing)


COMMAND = Command(
    log,
    examples=(
        ("aidb log --oneline --graph --all", "the whole history, drawn"),
        ("aidb log -5 main..clean", "what clean has that main has not, five at most"),
        ("aidb log --since '2 weeks ago' -- train/", "who changed train lately"),
    ),
    pages=True,
    dashes=True,
    number="-n",
)
