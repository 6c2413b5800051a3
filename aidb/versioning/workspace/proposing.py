"""Asking whether what is checked out may move on to another version, before anything is moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from aidb.types import ObjectId, RefName, RepoPath, branch_ref
from aidb.versioning.gate import Proposal
from aidb.versioning.head import HEAD, Head
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.workspace import Workspace

Verify = Literal["ask", "skip", "passed"]
"""Ask the gate; do not ask, because the person said so; it has let this version pass a moment ago."""


def asking(verify: bool) -> Verify:
    """What the switch of a verb means."""
    return "ask" if verify else "skip"


def checked_out(head: Head) -> RefName:
    """The ref that moves when what is checked out does."""
    return HEAD if head.branch is None else branch_ref(head.branch)


def propose(
    workspace: Workspace,
    head: Head,
    event: Literal["commit", "merge"],
    old: ObjectId | None,
    new: ObjectId | None,
    message: str = "",
    *,
    verify: Verify = "ask",
    index: Index | None = None,
) -> None:
    """Ask for the move from the version `old` to `new`; with an `index`, the working tree shows the new one.

    Raises CheckFailedError, and ProtectedBranchError if the branch takes nothing without its checks.
    """
    if verify == "skip":
        workspace.engine.refuse_protected(checked_out(head), "skip-checks")
    if verify != "ask":
        return

    shows = None if index is None else shows_staged(workspace, index)
    before, after = workspace.manifest(old), workspace.manifest(new)
    workspace.gate.verify(Proposal(event, head.branch, before, after, message, shows))


def shows_staged(workspace: Workspace, index: Index) -> Callable[[Sequence[RepoPath]], bool]:
    """Whether the working tree holds paths as they are staged, as a question to ask."""

    def shows(paths: Sequence[RepoPath]) -> bool:
        from aidb.versioning.workspace.verbs.status import look_at

        look = look_at(workspace, index, sorted(paths), untracked="none")
        return not (look.changes or look.notes)

    return shows
