"""Hooks: a person's own programs in `.aidb/hooks`, run as Git runs its hooks. They belong to a place, not to a version.

`pre-commit` and `pre-merge` refuse a version by their exit code, `commit-msg` may edit the file with the message that
it is given, `post-commit`, `post-merge` and `post-switch` are told. A hook runs in the workspace, whose lock the
command holds until it is over: what changes the workspace has to wait for a `post-` hook.

A hook that belongs to somebody else, who may write to this repository, is not run: it would act in your name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.checks.gate import HOOKS
from aidb.checks.run_program import Ran, run_program
from aidb.errors import CheckFailedError, Finding, RefusedError, StorageError
from aidb.files import storage_errors

if TYPE_CHECKING:
    from aidb.checks.gate import Parts
    from aidb.versioning.gate import Proposal
    from aidb.versioning.manifest import Change


def ask(parts: Parts, hook: str, proposal: Proposal) -> None:
    """Run `pre-commit` or `pre-merge`. Raises CheckFailedError if it does not agree."""
    from aidb.versioning.manifest import diff

    ran = _run(
        parts,
        hook,
        branch=proposal.branch,
        message=proposal.message,
        changes=diff(proposal.old, proposal.new),
    )
    if ran.code != 0:
        raise _refusal(hook, ran)


def edit_message(parts: Parts, text: str, branch: str | None) -> str:
    """Let `commit-msg` look at a message, and change it. Raises CheckFailedError if it does not agree."""
    file = parts.session.scratch() / f"message-{os.urandom(6).hex()}"
    with storage_errors("handing the message to commit-msg"):
        try:
            file.write_text(text, "utf-8", "surrogateescape")
            ran = _run(parts, "commit-msg", file, branch=branch, message=text)
            if ran.code != 0:
                raise _refusal("commit-msg", ran)
            return file.read_text("utf-8", "surrogateescape")
        finally:
            file.unlink(missing_ok=True)


def announce(parts: Parts, hook: str, branch: str | None) -> None:
    """Run a hook that is only told; that it failed is told, too."""
    try:
        ran = _run(parts, hook, branch=branch)
    except (RefusedError, StorageError) as error:
        parts.tell(error.message)
        return
    if ran.code != 0:
        parts.tell(f"the hook {hook} failed ({ran.outcome})")


def _run(
    parts: Parts,
    hook: str,
    *words: Path,
    branch: str | None,
    message: str = "",
    changes: Iterator[Change] | None = None,
) -> Ran:
    program = parts.folder / HOOKS / hook
    _refuse_foreign(program)
    ran = run_program(
        [program, *words],
        folder=parts.root,
        scratch=parts.session.scratch(),
        variables={
            "AIDB_HOOK": hook,
            "AIDB_EVENT": hook.partition("-")[2],
            "AIDB_BRANCH": branch or "",
            "AIDB_MESSAGE": message,
            "AIDB_ROOT": str(parts.root),
        },
        changes=changes,
    )
    if ran.code == 0 or hook.startswith("post-"):
        for line in ran.lines:
            parts.tell(line)
    return ran


def _refuse_foreign(program: Path) -> None:
    with storage_errors(f"looking at the hook {program.name}"):
        owner = os.stat(program).st_uid
    if owner not in (0, os.geteuid()):
        raise RefusedError(
            f"the hook {program.name} belongs to another user (id {owner}), so it was not run",
            hints=(f"Read {program}; if it is good, put a copy of your own in its place.",),
        )


def _refusal(hook: str, ran: Ran) -> CheckFailedError:
    return CheckFailedError(
        f"the hook {hook} does not agree ({ran.outcome})",
        findings=(
            Finding(hook, "hook", "", "it printed:" if ran.lines else "it printed nothing", ran.lines),
        ),
        hints=(f"It is .aidb/{HOOKS}/{hook}; --no-verify leaves hooks and checks out.",),
    )
