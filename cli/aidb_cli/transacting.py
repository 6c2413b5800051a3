"""Commands that change a branch without the workspace: `BRANCH:PATH` as a target, and what they report.

main:train/cats      the path train/cats on the branch main
:labels.csv          labels.csv on the branch that is checked out
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, NamedTuple

from aidb.errors import InvalidRevisionError, RefusedError
from aidb.types import show_path
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.identity import author
from aidb_cli.syntax import Option
from aidb_cli.views.commits import commit_json
from aidb_cli.views.made import made_lines

if TYPE_CHECKING:
    from aidb.transaction import Transaction

Message = Annotated[
    tuple[str, ...],
    Option(("-m", "--message"), "What changes and why; several make paragraphs.", metavar="TEXT"),
]
Create = Annotated[bool, Option(("-c", "--create"), "Make the branch, at HEAD, if there is none.")]


class OnBranch(NamedTuple):
    """A path on a branch; the empty path is its whole version. `folder`: it was typed with a `/` at its end."""

    branch: str
    path: str
    folder: bool


def on_branch(context: Context, word: str) -> OnBranch:
    """Read `BRANCH:PATH`. Raises InvalidRevisionError for anything else."""
    branch, colon, path = word.partition(":")
    if not colon:
        raise InvalidRevisionError(
            f"{show_path(word)!r} names no path on a branch",
            hints=(f"Write it BRANCH:PATH, as main:{word}.",),
        )
    branch = branch or context.repo.head.branch or ""
    if not branch:
        raise RefusedError("no branch is checked out", hints=(f"Name one: main:{path}.",))
    return OnBranch(branch, path.strip("/"), path.endswith("/") or not path)


def if_on_branch(context: Context, word: str) -> OnBranch | None:
    """The same for a word that may be a plain path of the workspace: None if it is."""
    branch, colon, _ = word.partition(":")
    if not colon or word.startswith((".", "/")):
        return None
    if branch and branch not in context.repo.branches and branch != context.repo.head.branch:
        return None
    if os.path.lexists(word):
        raise InvalidRevisionError(
            f"{show_path(word)!r} is both a file here and a path on a branch",
            hints=(f"`./{word}` is the file; go to another folder for the path on the branch.",),
        )
    return on_branch(context, word)


def begin(context: Context, branch: str, message: tuple[str, ...], *, create: bool = False) -> Transaction:
    """A transaction in the name of whoever is at the keyboard. Raises UsageError without a message."""
    if not message:
        raise UsageError("it makes a commit, which needs a message", hints=('Give one with -m "…".',))
    return context.repo.transaction(branch, "\n\n".join(message), author=author(context), create=create)


def refuse_message(message: tuple[str, ...]) -> None:
    """The same command in the workspace makes no commit. Raises UsageError."""
    if message:
        raise UsageError(
            "-m is for paths on a branch: here no commit is made",
            hints=("Write them BRANCH:PATH, or leave -m out and `aidb commit` afterwards.",),
        )


def inside(tx: Transaction, target: OnBranch, name: str) -> str:
    """Where a file called `name` goes: into a folder that is there, or was typed as one; else to `target` itself."""
    if target.folder or tx.is_folder(target.path):
        return f"{target.path}/{name}".lstrip("/")
    return target.path


def report(context: Context, branch: str, tx: Transaction) -> None:
    """Say which commit was made, and that the workspace does not show it yet."""
    if tx.commit_id is None:
        context.out.report({"branch": branch, "commit": None}, f"Nothing to change: {branch} has it already")
        return
    made = context.repo.commit_at(tx.commit_id)
    context.out.report({"branch": branch, "commit": commit_json(made)}, *made_lines(context, made, branch))
    if context.repo.head.branch == branch:
        context.out.hint(f"`aidb switch {branch}` brings the workspace to it.")
