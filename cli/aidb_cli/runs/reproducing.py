"""`aidb runs reproduce`, `aidb runs diff`: the same again, and what was not the same."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from aidb_cli.context import Context
from aidb_cli.failures import FAILED, FINE
from aidb_cli.output import Json
from aidb_cli.views.changes import change_json, draw_changes, tally
from aidb_cli.views.commits import SHORT

if TYPE_CHECKING:
    from aidb.metadata.reproducing import Recipe


def reproduce(context: Context, word: str, *, execute: bool, output: str | None = None) -> int:
    """Tell what to do to do a run again, or do it: its code in a new folder, its data pinned."""
    made = context.repo.runs.recipe(word)
    place = Path(output or f"reproduce-{made.run}").absolute()
    if not execute:
        context.out.report(_json(made), *_lines(made, place))
        context.out.hint(f"`aidb runs reproduce {made.run} --exec` does it.")
        return FINE
    from aidb.metadata.reproducing import prepare, run_again

    prepare(made, place)
    context.out.note(f"The code of {made.run} is in {place}; running it.")
    context.out.stdout.flush()
    return FAILED if run_again(made, place, context.repo.root) else FINE


def _json(made: Recipe) -> Json:
    return {
        "run": made.run,
        "command": made.command,
        "repository": made.repository,
        "commit": made.commit,
        "folder": made.folder,
        "diff": str(made.diff) if made.diff else None,
        "sources": {path: str(file) for path, file in made.sources.items()},
        "lost": made.lost,
        "environment": made.environment,
    }


def _lines(made: Recipe, place: Path) -> list[str]:
    """The commands of a shell that do it."""
    if made.commit is None or made.repository is None:
        why = "not made from a Git commit" if made.commit is None else f"made from {made.commit}"
        lines = [f"# The run was {why}: there is no code to check out."]
    else:
        checkout = ["git", "-C", made.repository, "worktree", "add", "--detach", str(place), made.commit]
        lines = [shlex.join(checkout), shlex.join(["cd", str(place)])]
    if made.lost is not None:
        lines.append(f"# Not the same code: {made.lost}.")
    if made.diff is not None:
        lines.append(shlex.join(["git", "apply", "--binary", str(made.diff)]))
    folders = dict.fromkeys(os.path.dirname(path) for path in made.sources)
    lines += [shlex.join(["mkdir", "-p", folder]) for folder in folders if folder]
    lines += [shlex.join(["cp", str(file), path]) for path, file in made.sources.items()]
    if made.folder != ".":
        lines.append(shlex.join(["cd", made.folder]))
    variables = [f"{name}={shlex.quote(value)}" for name, value in made.environment.items()]
    return [*lines, " ".join([*variables, shlex.join(made.command_in(place))])]


def diff_data(context: Context, old: str, new: str) -> int:
    """What differs between the data that two runs read, path by path."""
    repo = context.repo
    first, second = ({read.path: read.commit for read in repo.runs[word].read} for word in (old, new))
    told: list[Json] = []
    if not first and not second:
        context.out.note("Neither run recorded that it read data.")
        context.out.hint('`run.use("main:train/")` in your training script does.')
    for path in dict.fromkeys([*first, *second]):
        before, after = first.get(path), second.get(path)
        if before is None or after is None:
            reader = new if before is None else old
            told.append({"path": path, "old": before, "new": after, "changes": []})
            context.out.note(f"{path or 'everything'} was read by {reader} alone.")
            continue
        found = list(repo.diff(before, after, paths=[path] if path else [])) if before != after else []
        told.append(
            {"path": path, "old": before, "new": after, "changes": [change_json(one) for one in found]}
        )
        if not context.out.json_mode:
            context.out.line(
                f"{path or 'everything'}: {before[:SHORT]}..{after[:SHORT]}: {tally(found).text()}"
            )
            draw_changes(context.out, found, indent="  ")
    if context.out.json_mode:
        context.out.emit(told)
    return FINE
