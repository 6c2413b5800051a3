"""A commit message from the person's editor, as Git does it."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile

from aidb.errors import NothingToDoError
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.output import is_terminal

_GUIDE = """
# Write the message of the commit: a short first line, and if need be an empty line and more.
# Lines that begin with '#' are left out. An empty message gives up the commit.
#
"""


def edit_message(context: Context, before: str, about: list[str]) -> str:
    """Let the person write a message. `about` are lines that tell what is being committed."""
    if not (is_terminal(context.out.stderr) and os.isatty(0)):
        raise UsageError("no commit message", hints=('Give it with `-m "what changed and why"`.',))
    text = before + "\n" + _GUIDE + "".join(f"# {line}\n" for line in about)
    with tempfile.TemporaryDirectory(prefix="aidb-") as folder:
        path = os.path.join(folder, "COMMIT_EDITMSG")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        _run(context, path)
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            message = _without_comments(file.read())
    if not message:
        raise NothingToDoError("the commit message is empty, so nothing was committed")
    return message


def _run(context: Context, path: str) -> None:
    environ = context.environ
    editor = environ.get("AIDB_EDITOR") or environ.get("VISUAL") or environ.get("EDITOR") or "vi"
    try:
        code = subprocess.run([*shlex.split(editor), path], check=False).returncode
    except OSError as error:
        raise UsageError(
            f"the editor {editor!r} could not be started: {error.strerror}",
            hints=('Set EDITOR, or give the message with `-m "…"`.',),
        ) from error
    if code:
        raise NothingToDoError(f"the editor {editor!r} ended with code {code}, so nothing was committed")


def _without_comments(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines() if not line.startswith("#")).strip()
