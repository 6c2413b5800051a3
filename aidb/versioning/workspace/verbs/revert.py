"""`revert`: commit the opposite of a commit, in the same steps as a merge; stops at conflicts like one."""

from __future__ import annotations

from aidb.errors import NothingToDoError
from aidb.progress import SILENT, Progress
from aidb.versioning.workspace.index.state import Unfinished
from aidb.versioning.workspace.verbs.commit import conclude, refuse_conflicts, refuse_moved
from aidb.versioning.workspace.verbs.merge import Merged, carry_out, refuse_unfinished
from aidb.versioning.workspace.workspace import Workspace


def revert(
    workspace: Workspace, revision: str, *, message: str | None = None, progress: Progress = SILENT
) -> Merged:
    """Take back what `revision` did. "up-to-date" if there is nothing to take back."""
    from aidb.versioning.revert import revert_commit, revert_message
    from aidb.versioning.revisions import resolve

    engine = workspace.engine
    with workspace.changing("revert", revision) as index:
        head = engine.head()
        refuse_moved(index, head)
        if head.commit is None:
            raise NothingToDoError("there is no commit to revert yet")
        commit = engine.read_commit(resolve(engine, revision))
        name, known = commit.id[:10], index.state.merge
        if known is not None and (known.kind, known.name) == (
            "revert",
            name,
        ):  # this very one was interrupted
            refuse_conflicts(index)
            return Merged("merged", conclude(workspace, index, head))
        refuse_unfinished(index)
        with workspace.store.writer() as writer:
            outcome = revert_commit(engine, workspace.store, writer, commit.id, head.commit)
        if outcome.kind == "up-to-date":
            return Merged("up-to-date", engine.read_commit(head.commit))
        text = message or revert_message(commit)
        return carry_out(
            workspace, index, head, outcome, Unfinished("revert", (), outcome.root, text, name), progress
        )
