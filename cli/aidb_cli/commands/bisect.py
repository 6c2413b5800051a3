"""`aidb bisect`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.failures import FAILED, FINE, UsageError
from aidb_cli.syntax import Argument, Command
from aidb_cli.views.commits import SHORT, commit_json, printable
from aidb_cli.words import count

if TYPE_CHECKING:
    from aidb.versioning.workspace import Step
    from aidb_cli.output import Json


def bisect(
    context: Context,
    action: Annotated[
        Literal["start", "good", "bad", "skip", "run", "status", "reset"],
        Argument("Begin, judge a commit, let a command judge, look, or end."),
    ],
    words: Annotated[
        tuple[str, ...],
        Argument("Of start: BAD GOOD...; of run: a command; else commits.", "REV|CMD", complete.revisions),
    ] = (),
) -> int:
    """Find the commit that broke something, by halving.

    Name a bad and a good commit; aidb checks out one in the middle, again and again, until one is left. `run` lets
    a command judge: exit code 0 is good, 125 cannot tell, any other up to 127 is bad; options of it follow --.
    """
    search, progress = context.repo.bisect, context.out.progress
    words += context.after_dashes or ()
    if action == "reset":
        origin = search.reset(progress=progress)
        context.out.report({"back": origin}, f"The search is over; back at {origin[:40]}.")
        return FINE
    if action == "status":
        return _tell(context, search.step())
    if action == "start":
        return _tell(context, search.start(words[0] if words else None, words[1:], progress=progress))
    if action != "run":
        return _tell(context, search.mark(action, words, progress=progress))
    if not words:
        raise UsageError("no command was named to run", hints=("`aidb bisect run ./check.sh`",))
    return _tell(context, search.run(words, report=lambda step: _note(context, step), progress=progress))


def _note(context: Context, step: Step) -> None:
    """One test of a run, on standard error: the command writes to standard output."""
    for line in _lines(step):
        context.out.note(line)


def _tell(context: Context, step: Step) -> int:
    context.out.report(_json(step), *_lines(step))
    if step.kind == "test":
        context.out.hint("Test it, then say `aidb bisect good`, `bad` or `skip`.")
    elif step.kind == "waiting":
        context.out.hint("Say `aidb bisect bad REV` and `aidb bisect good REV` until both are known.")
    else:
        context.out.hint("`aidb bisect reset` goes back to where the search began.")
    return FAILED if step.kind == "undecided" else FINE


def _lines(step: Step) -> list[str]:
    if step.commit is None:
        return ["A good and a bad commit have to be known first."]
    name = f"{step.commit.id[:SHORT]} {printable(step.commit.subject)}"
    if step.kind == "found":
        return [f"{name}", "is the first bad commit."]
    if step.kind == "undecided":
        return [
            "The rest was skipped; the first bad commit is one of these:",
            *(f"  {one[:SHORT]}" for one in step.candidates),
        ]
    return [f"Testing {name} ({count(step.left, 'commit')} left, about {count(step.steps, 'step')})"]


def _json(step: Step) -> Json:
    return {
        "kind": step.kind,
        "commit": None if step.commit is None else commit_json(step.commit),
        "left": step.left,
        "steps": step.steps,
        "candidates": list(step.candidates),
    }


COMMAND = Command(
    bisect,
    examples=(
        ("aidb bisect start HEAD v1", "HEAD is bad, v1 was good"),
        ("aidb bisect good", "the commit checked out is fine"),
        ("aidb bisect run ./check.sh", "let a program find it"),
        ("aidb bisect reset", "go back to where you were"),
    ),
    dashes=True,
    kept="What was said so far is kept; `aidb bisect status` tells where the search is.",
)
