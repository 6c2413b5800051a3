"""`aidb commit`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.changes import tally
from aidb_cli.views.commits import commit_json
from aidb_cli.views.made import made_lines

if TYPE_CHECKING:
    from aidb.versioning.workspace import Status


def commit(
    context: Context,
    paths: Annotated[
        tuple[str, ...], Argument("Commit only these files, as they are now.", metavar="PATH")
    ] = (),
    message: Annotated[
        tuple[str, ...],
        Option(("-m", "--message"), "What changed and why; several make paragraphs.", metavar="TEXT"),
    ] = (),
    file: Annotated[
        str | None,
        Option(("-F", "--file"), "Read the message from a file; `-` is standard input.", metavar="FILE"),
    ] = None,
    everything: Annotated[
        bool, Option(("-a", "--all"), "First stage every change of tracked files, deletions too.")
    ] = False,
    amend: Annotated[bool, Option(("--amend",), "Replace the last commit instead of adding one.")] = False,
    no_edit: Annotated[bool, Option(("--no-edit",), "With --amend: keep the message.")] = False,
    allow_empty: Annotated[bool, Option(("--allow-empty",), "Even if nothing changed.")] = False,
    no_verify: Annotated[bool, Option(("--no-verify",), "Do not ask the checks and hooks.")] = False,
    author: Annotated[
        str | None, Option(("--author",), 'Instead of you, as "Name <address>".', metavar="NAME")
    ] = None,
) -> None:
    """Record what is staged as a new version.

    Without -m or -F your editor opens for the message. The author is AIDB_AUTHOR_NAME and AIDB_AUTHOR_EMAIL,
    else the settings user.name and user.email, else Git's.
    """
    from aidb_cli.identity import author as find_author

    new_only = not (everything or paths or amend or allow_empty)
    text = _message(context, message, file, amend=amend, no_edit=no_edit, new_only=new_only)
    made = context.repo.commit(
        text,
        all=everything,
        paths=[context.inside(path) for path in paths],
        author=find_author(context, author),
        amend=amend,
        allow_empty=allow_empty,
        verify=not no_verify,
        progress=context.out.progress,
    )
    context.out.report(commit_json(made), *made_lines(context, made, context.repo.head.branch))


def _message(
    context: Context,
    texts: tuple[str, ...],
    file: str | None,
    *,
    amend: bool,
    no_edit: bool,
    new_only: bool,
) -> str:
    """The message, from wherever it is to come. `new_only`: only what is staged already makes a commit."""
    if texts and file is not None:
        raise UsageError("-m and -F both give a message", hints=("Use one of them.",))
    if texts or file is not None:
        return _checked(_read(file) if file is not None else "\n\n".join(texts))
    if (amend and no_edit) or context.repo.workspace.read_index().state.merge is not None:
        # The library then takes the message of the commit amended, or the one the merge has prepared.
        return ""
    before = context.repo.commit_at("HEAD").message if amend else ""
    status = context.repo.status()
    if new_only and not status.staged:
        # Nobody should write a message for nothing: the library says why.
        return ""
    from aidb_cli.editor import edit_message

    return edit_message(context, before, _about(status))


def _checked(message: str) -> str:
    if not message.strip():
        raise UsageError("the commit message is empty", hints=("Say in a few words what changed and why.",))
    return message


def _read(file: str) -> str:
    import sys
    from pathlib import Path

    from aidb.files import storage_errors

    if file == "-":
        return sys.stdin.read()
    with storage_errors("reading the message"):
        return Path(file).read_text("utf-8", errors="surrogateescape")


def _about(status: Status) -> list[str]:
    """What the editor shows below the message."""
    place = f"On branch {status.head.branch}" if status.head.branch else "Detached, on no branch"
    return [place, f"To be committed: {tally(status.staged).text()}"]


COMMAND = Command(
    commit,
    examples=(
        ('aidb commit -m "Remove broken images"', "record what is staged"),
        ('aidb commit -am "Fix labels"', "every change of tracked files"),
        ("aidb commit --amend --no-edit", "put what is staged into the last commit"),
    ),
    kept="No commit was made; what was staged stays staged.",
)
