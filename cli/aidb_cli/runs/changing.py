"""`aidb runs tag`, `note`, `rm`, `restore`."""

from __future__ import annotations

from collections.abc import Sequence

from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.words import count


def change(
    context: Context,
    action: str,
    words: Sequence[str],
    *,
    remove: Sequence[str],
    message: str | None,
    force: bool,
) -> None:
    """Do what `action` says to the runs that `words` name."""
    if action == "tag":
        _tag(context, words[0], words[1:], remove)
    elif action == "note":
        _note(context, words, message)
    elif action == "rm":
        _remove(context, words, force=force)
    else:
        _restore(context, words)


def _tag(context: Context, run: str, add: Sequence[str], remove: Sequence[str]) -> None:
    if not add and not remove:
        raise UsageError(
            "no tag was named", hints=("`aidb runs tag RUN best` adds one, `-d best` takes it away.",)
        )
    runs = context.repo.runs
    runs.tag(run, add=add, remove=remove)
    found = runs[run]
    context.out.report(
        {"id": found.id, "tags": found.tags}, f"{found.name}: {', '.join(found.tags) or 'no tags'}"
    )


def _note(context: Context, words: Sequence[str], message: str | None) -> None:
    said = message if message is not None else " ".join(words[1:])
    if not said or (message is not None and len(words) > 1):
        raise UsageError("what should the notes say?", hints=('`aidb runs note RUN -m "…"`',))
    runs = context.repo.runs
    run = runs.resolve(words[0])
    runs.note(run, said)
    context.out.report({"id": run, "notes": said}, f"Noted on {run}.")


def _remove(context: Context, words: Sequence[str], *, force: bool) -> None:
    runs = context.repo.runs
    resolved = [runs.resolve(word) for word in words]
    for run in resolved:
        runs.remove(run, force=force)
    context.out.report(resolved, f"Put {count(len(resolved), 'run')} into the trash: {', '.join(resolved)}")
    context.out.hint(
        f"`aidb runs restore {resolved[0]}` brings it back, `aidb runs rm --empty` deletes it for good."
    )


def _restore(context: Context, words: Sequence[str]) -> None:
    for run in words:
        context.repo.runs.restore(run)
    context.out.report(list(words), f"Brought back {', '.join(words)}.")


def trash(context: Context, *, empty: bool) -> None:
    """List the trash, or delete for good what is in it."""
    runs = context.repo.runs
    if empty:
        gone = runs.empty_trash()
        context.out.report(gone, f"Deleted {count(len(gone), 'run')} for good.")
    else:
        found = runs.trashed()
        context.out.rows(found, lambda run: run, lambda run: run)
        if not found:
            context.out.note("The trash is empty.")
