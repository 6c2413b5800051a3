"""`aidb stash`"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from aidb_cli.context import Context
from aidb_cli.failures import CONFLICTS, FINE, UsageError
from aidb_cli.insides import Insides
from aidb_cli.merging import hint_at_settling, note_merged_inside, stopped_lines
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.changes import change_json, draw_changes, tally
from aidb_cli.views.commits import printable
from aidb_cli.views.conflicts import conflicts_json
from aidb_cli.words import age

if TYPE_CHECKING:
    from aidb.versioning.workspace import Stashed
    from aidb_cli.output import Json

Action = Literal["push", "pop", "apply", "list", "show", "drop"]


def stash(
    context: Context,
    action: Annotated[
        Action, Argument("Put aside, bring back and remove or keep, list, look into, or remove.")
    ] = "push",
    name: Annotated[str | None, Argument("Which stash, if not the newest.", "STASH")] = None,
    message: Annotated[str | None, Option(("-m", "--message"), "What it is.", metavar="TEXT")] = None,
    untracked: Annotated[
        bool, Option(("-u", "--include-untracked"), "With push: untracked files, too.")
    ] = False,
    stat: Annotated[bool, Option(("--stat",), "With show: only the list and the totals.")] = False,
) -> int:
    """Put uncommitted work aside, and bring it back later.

    The workspace becomes that of HEAD. What comes back is merged into what is there then; what was staged is
    staged again. Stashes are called stash@{0} for the newest, stash@{1} and so on; the number suffices.
    """
    if action == "push":
        if name is not None:
            raise UsageError(f"{name!r} is one word too many", hints=('Describe it with `-m "…"`.',))
        return _push(context, message, untracked=untracked)
    if action in ("pop", "apply"):
        return _bring_back(context, name, drop=action == "pop")
    if action == "list":
        _list(context)
    elif action == "show":
        _show(context, name, insides=not stat)
    else:
        dropped = context.repo.stash.drop(name)
        context.out.report(stash_json(dropped), f"Dropped {_title(dropped)}")
        context.out.hint("`aidb undo` brings it back.")
    return FINE


def _push(context: Context, message: str | None, *, untracked: bool) -> int:
    made = context.repo.stash.push(message, untracked=untracked, progress=context.out.progress)
    context.out.report(stash_json(made), f"Put aside: {_title(made)}")
    context.out.hint("`aidb stash pop` brings it back, here or on another branch.")
    return FINE


def _bring_back(context: Context, name: str | None, *, drop: bool) -> int:
    stashes = context.repo.stash
    done = (stashes.pop if drop else stashes.apply)(name, progress=context.out.progress)
    value = {
        **stash_json(done.stash),
        "conflicts": conflicts_json(done.conflicts),
        "dropped": done.dropped,
        "written": done.written,
        "removed": done.removed,
        "merged_inside": done.merged_inside,
    }
    if not done.conflicts:
        kept = "" if done.dropped else " It is kept."
        context.out.report(value, f"Brought back {_title(done.stash)}.{kept}")
        note_merged_inside(context, done.merged_inside)
        return FINE
    context.out.report(value, *stopped_lines(context, f"Bringing back {done.stash.name}", done.conflicts))
    hint_at_settling(context)
    context.out.hint(
        f"The stash is kept; `aidb stash drop {done.stash.number}` removes it, `aidb undo` goes back."
    )
    return CONFLICTS


def _list(context: Context) -> None:
    now = datetime.now(UTC)
    context.out.rows(
        context.repo.stash,
        stash_json,
        lambda one: (
            f"{context.out.style('commit', one.name)}  {age(one.time, now):<15} {printable(one.message)}"
        ),
    )


def _show(context: Context, name: str | None, *, insides: bool) -> None:
    out = context.out
    shown = context.repo.stash[name or "0"]
    changes = context.repo.stash.changes(str(shown.number))
    if out.json_mode:
        out.emit({"changes": [change_json(c) for c in changes], "totals": tally(changes).json()})
        return
    with out.paged():
        draw_changes(out, changes)
        out.line(tally(changes).text())
        if insides:
            Insides(context.repo.diff(shown.base, shown.commit)).draw(out)


def _title(one: Stashed) -> str:
    return f"{one.name}, {printable(one.message)}"


def stash_json(one: Stashed) -> Json:
    """A stash as data."""
    return {
        "name": one.name,
        "commit": one.commit,
        "message": one.message,
        "time": one.time.isoformat(),
        "base": one.base,
        "untracked": one.untracked is not None,
    }


COMMAND = Command(
    stash,
    examples=(
        ("aidb stash", "put local work aside"),
        ('aidb stash -u -m "half-done labels"', "untracked files, too, with a note"),
        ("aidb stash pop", "bring the newest back"),
        ("aidb stash show 1", "look into the one before"),
    ),
    pages=True,
    kept="Nothing is lost: `aidb status` and `aidb stash list` tell; the same command again finishes it.",
)
