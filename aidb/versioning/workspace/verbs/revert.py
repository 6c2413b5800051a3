"""`revert`: commit the opposite of a commit, in the same steps as a merge; stops at conflicts like one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb.errors import NothingToDoError
from aidb.progress import SILENT, Progress
from aidb.versioning.head import HEAD
from aidb.versioning.workspace.index.state import Unfinished
from aidb.versioning.workspace.proposing import Verify, asking
from aidb.versioning.workspace.verbs.commit import conclude, refuse_conflicts, refuse_moved
from aidb.versioning.workspace.verbs.merge import Merged, carry_out, refuse_unfinished, storing
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.workspace.verbs.merge import ContentMerge


def revert(
    workspace: Workspace,
    revision: str,
    *,
    message: str | None = None,
    merge_content: ContentMerge | None = None,
    verify: bool = True,
    progress: Progress = SILENT,
) -> Merged:
    """Take back what `revision` did. "up-to-date" if there is nothing to take back. `merge_content` as for a merge.

    Without `verify`, no check is asked. Raises CheckFailedError, and ProtectedBranchError: to the branch, a revert is a
    commit like any other.
    """
    merged = _revert(workspace, revision, message, merge_content, asking(verify), progress)
    if merged.kind == "merged":
        workspace.gate.done("commit", workspace.head().branch)
    return merged


def _revert(
    workspace: Workspace,
    revision: str,
    message: str | None,
    merge_content: ContentMerge | None,
    verify: Verify,
    progress: Progress,
) -> Merged:
    from aidb.versioning.revert import revert_commit, revert_message
    from aidb.versioning.revisions import resolve

    engine = workspace.engine
    with workspace.changing("revert", revision) as index:
        head = engine.head()
        refuse_moved(index, head)
        engine.refuse_protected(HEAD, "commit")
        if head.commit is None:
            raise NothingToDoError("there is no commit to revert yet")
        commit = engine.read_commit(resolve(engine, revision))
        name, known = commit.id[:10], index.state.merge
        if known is not None and (known.kind, known.name) == (
            "revert",
            name,
        ):  # this very one was interrupted
            refuse_conflicts(index)
            return Merged("merged", conclude(workspace, index, head, verify))
        refuse_unfinished(index)
        with workspace.store.writer() as writer:
            outcome = revert_commit(
                engine,
                workspace.store,
                writer,
                commit.id,
                head.commit,
                merge_content=storing(merge_content, writer),
            )
        if outcome.kind == "up-to-date":
            return Merged("up-to-date", engine.read_commit(head.commit))
        text = message or revert_message(commit)
        unfinished = Unfinished("revert", (), outcome.root, text, name)
        return carry_out(workspace, index, head, outcome, unfinished, verify, progress)
