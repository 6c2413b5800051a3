"""`aidb diff`"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

from aidb.types import show_path
from aidb_cli import complete
from aidb_cli.choices import one_of
from aidb_cli.context import Context
from aidb_cli.failures import FAILED, FINE, UsageError
from aidb_cli.insides import Insides
from aidb_cli.locations import split_revisions
from aidb_cli.output import Output
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.changes import MOST_FILES, change_name, draw_changes, tally

if TYPE_CHECKING:
    from aidb.versioning.diff import Diff, FileChange


class _Sides(NamedTuple):
    old: str | None
    new: str | None


def diff(
    context: Context,
    words: Annotated[
        tuple[str, ...],
        Argument("A, A B, A..B or A...B; then paths.", metavar="REV|PATH", complete=complete.revisions),
    ] = (),
    staged: Annotated[bool, Option(("--staged", "--cached"), "What is staged, against HEAD or REV.")] = False,
    stat: Annotated[bool, Option(("--stat",), "Only the list, with counts of what changed inside.")] = False,
    patch: Annotated[bool, Option(("-p", "--patch"), "The insides of all files, however many.")] = False,
    key: Annotated[
        str | None, Option(("--key",), "The columns that tell rows of tables apart.", metavar="COL[,COL]")
    ] = None,
    name_only: Annotated[bool, Option(("--name-only",), "Only the paths, all of them.")] = False,
    name_status: Annotated[bool, Option(("--name-status",), "Only letters and paths, all of them.")] = False,
    exit_code: Annotated[bool, Option(("--exit-code",), "Exit with 1 if there are differences.")] = False,
) -> int:
    """Show what changed between versions, or since.

    Which files, by how much, and what is different inside: rows of tables, tensors, pixels, values, lines.
    Without a revision: the workspace against what is staged. One: the workspace against it. Two, or A..B: from
    A to B. A...B: from where A and B parted to B. Many changes are added up by folder; --name-status lists them
    all. Rows are told apart by --key, by `key=` in .aidbattributes, or by a guess, which is then said.
    """
    style = one_of({"--stat": stat, "--patch": patch, "--name-only": name_only, "--name-status": name_status})
    revisions, paths = split_revisions(context, words, 2)
    sides = _sides(context, revisions)
    if staged and sides.new is not None:
        raise UsageError("--staged compares with one version, not two", hints=("Give one revision or none.",))
    found = context.repo.diff(sides.old, sides.new, paths=paths, staged=staged)
    columns = tuple(key.split(",")) if key else None
    insides = Insides(found, columns, every=style == "--patch")
    if context.out.json_mode:
        context.out.emit({"changes": insides.json(), "totals": tally(found).json()})
    else:
        with context.out.paged():
            _draw(context.out, found, insides, style)
    return FAILED if exit_code and found.changes else FINE


def _sides(context: Context, revisions: list[str]) -> _Sides:
    """`A B`, `A..B` and `A...B` as two revisions; an end left out of a range is HEAD."""
    from aidb.versioning.revisions import is_range, resolve_range

    if not (revisions and is_range(revisions[0])):
        return _Sides(*(*revisions, None, None)[:2])
    if len(revisions) == 2:
        raise UsageError(f"{revisions[0]!r} names two versions already", hints=("Leave out the other one.",))
    old, new, symmetric = resolve_range(context.repo.engine, revisions[0])
    base = context.repo.engine.merge_base(old, new) if symmetric else old
    if base is None:
        raise UsageError(f"{revisions[0]} has no common history", hints=("Compare with two dots instead.",))
    return _Sides(base, new)


def _draw(out: Output, diff: Diff, insides: Insides, style: str | None) -> None:
    changes = diff.changes
    if style in ("--name-only", "--name-status"):
        _draw_names(out, changes, letters=style == "--name-status")
    elif style == "--stat":
        draw_changes(out, changes, insides=insides.summaries() if len(changes) <= MOST_FILES else None)
        _draw_totals(out, changes)
    else:
        draw_changes(out, changes)
        _draw_totals(out, changes)
        insides.draw(out)


def _draw_totals(out: Output, changes: Sequence[FileChange]) -> None:
    if changes:
        out.line(tally(changes).text())


def _draw_names(out: Output, changes: Sequence[FileChange], *, letters: bool) -> None:
    for change in changes:
        if letters:
            out.line(f"{change.status}\t{change_name(change)}")
        else:
            out.line(show_path(change.path))


COMMAND = Command(
    diff,
    examples=(
        ("aidb diff", "what is not staged yet"),
        ("aidb diff main..clean -- train/", "between two branches, below train"),
        ("aidb diff --key id v1 v2 -- train.parquet", "which rows of a table changed"),
        ("aidb diff --exit-code --name-only HEAD~ HEAD", "for a script"),
    ),
    pages=True,
    dashes=True,
)
