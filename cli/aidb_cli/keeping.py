"""What is said after a command that threw work away, as it was asked to."""

from __future__ import annotations

from aidb_cli.context import Context
from aidb_cli.words import count


def hint_at_undo(context: Context) -> None:
    """Say how many overwritten files were kept, and how they come back."""
    last = next(iter(context.repo.operations), None)
    files = None if last is None else last.files
    if files is not None and files.lost:
        context.out.warn(f"{count(len(files.lost), 'file')} could not be kept: {', '.join(files.lost[:3])}")
    if files is not None and files.kept:
        what = "was kept: `aidb undo` brings it" if files.kept == 1 else "were kept: `aidb undo` brings them"
        context.out.hint(f"{count(files.kept, 'overwritten file')} {what} back.")
