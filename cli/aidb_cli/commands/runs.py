"""`aidb runs`"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.syntax import Argument, Command, Option

_Look = Literal["list", "watch", "show", "compare", "plot", "logs", "cat", "diff"]
_Do = Literal["tag", "note", "export", "rm", "restore", "reproduce"]
Action = Literal[_Look, _Do]


def runs(
    context: Context,
    action: Annotated[
        Action,
        Argument(
            "list (or nothing), watch, show, compare, plot, logs, cat, diff, tag, note, export, rm, restore, "
            "reproduce.",
            "ACTION",
        ),
    ] = "list",
    words: Annotated[
        tuple[str, ...],
        Argument(
            "Runs by id, beginning of an id, or name; then what tag and note say.", "RUN", complete.runs
        ),
    ] = (),
    where: Annotated[
        str | None, Option(("-f", "--filter"), "Only runs that fulfil this.", metavar="FILTER")
    ] = None,
    sort: Annotated[
        tuple[str, ...],
        Option(("-s", "--sort"), "Sort by this column, -COLUMN descending.", metavar="COLUMN"),
    ] = (),
    columns: Annotated[
        tuple[str, ...],
        Option(("-c", "--column"), "Show this column, as params.lr, metrics.loss.min.", metavar="COLUMN"),
    ] = (),
    group_by: Annotated[
        tuple[str, ...],
        Option(("-g", "--group-by"), "A row per value of this column: mean and spread.", metavar="COLUMN"),
    ] = (),
    limit: Annotated[
        int | None, Option(("-n", "--max-count"), "At most so many; also -5.", metavar="N")
    ] = None,
    keys: Annotated[
        tuple[str, ...], Option(("-k", "--key"), "With plot, export: this metric.", metavar="METRIC")
    ] = (),
    x: Annotated[str, Option(("-x",), "With plot: over step, time or a metric.", metavar="AXIS")] = "step",
    smooth: Annotated[
        str | None, Option(("--smooth",), "With plot: smooth, 0 to below 1.", metavar="WEIGHT")
    ] = None,
    output: Annotated[
        str | None,
        Option(
            ("-o", "--output"),
            "With plot: .html, .png; export: .csv, .parquet, .json; reproduce: a folder.",
            metavar="FILE",
        ),
    ] = None,
    remove: Annotated[
        tuple[str, ...], Option(("-d", "--delete"), "With tag: take this tag away.", metavar="TAG")
    ] = (),
    message: Annotated[
        str | None, Option(("-m", "--message"), "With note: the notes.", metavar="TEXT")
    ] = None,
    list_trash: Annotated[bool, Option(("--list",), "With rm: list the trash.")] = False,
    empty: Annotated[bool, Option(("--empty",), "With rm: delete for good what is in the trash.")] = False,
    force: Annotated[bool, Option(("--force",), "With rm: even while a process logs.")] = False,
    execute: Annotated[bool, Option(("--exec",), "With reproduce: do it.")] = False,
) -> int:
    """List, compare, draw and export what training runs logged.

    Without -c, columns that tell runs apart come first. A filter compares fields of the run, params and metrics:
    metrics.loss.min < 0.2 and params.lr > 1e-3 and tags has "best" and started > "2 days ago".

    rm puts runs into a trash, from which restore brings them back. reproduce tells what to check out and run to do a
    run again.
    """
    from aidb_cli.runs import changing, exporting, listing, plotting, reproducing, showing

    wanted = listing.Wanted(where or "", sort, columns, group_by, limit)
    if action in ("list", "watch"):
        if words:
            raise UsageError(
                f"{words[0]!r} is one word too many", hints=("`aidb runs show RUN` shows one run.",)
            )
        (listing.list_runs if action == "list" else listing.watch_runs)(context, wanted)
    elif action in ("show", "logs", "cat"):
        one: dict[str, Callable[[Context, str], None]] = {
            "show": showing.show_run,
            "logs": showing.print_logs,
            "cat": showing.print_journal,
        }
        one[action](context, _exactly(words, 1, action)[0])
    elif action == "compare":
        showing.compare_runs(context, _at_least(words, 2, action))
    elif action == "plot":
        plotting.plot_runs(context, words, wanted, keys, x=x, smooth=smooth, output=output)
    elif action == "export":
        exporting.export_runs(context, words, wanted, keys, output)
    elif action == "diff":
        return reproducing.diff_data(context, *_exactly(words, 2, action))
    elif action == "reproduce":
        return reproducing.reproduce(context, _exactly(words, 1, action)[0], execute=execute, output=output)
    elif action == "rm" and (list_trash or empty):
        changing.trash(context, empty=empty)
    else:
        changing.change(
            context, action, _at_least(words, 1, action), remove=remove, message=message, force=force
        )
    return 0


def _exactly(words: Sequence[str], number: int, action: str) -> Sequence[str]:
    if len(words) != number:
        runs = "a run" if number == 1 else f"{number} runs"
        raise UsageError(f"{action} takes {runs}, not {len(words)}", hints=("`aidb runs` lists them.",))
    return words


def _at_least(words: Sequence[str], number: int, action: str) -> Sequence[str]:
    if len(words) < number:
        runs = "a run" if number == 1 else f"{number} runs or more"
        raise UsageError(f"{action} takes {runs}", hints=("`aidb runs` lists them.",))
    return words


COMMAND = Command(
    runs,
    examples=(
        ("aidb runs -f 'metrics.loss.min < 0.2' -s metrics.loss.min", "the good ones, the best first"),
        ("aidb runs -g params.lr -c metrics.loss.min", "mean and spread over seeds"),
        ("aidb runs compare A B", "what makes two runs different"),
        ("aidb runs plot -k loss A B -o loss.html", "curves; in the terminal without -o"),
    ),
    pages=True,
    number="-n",
)
