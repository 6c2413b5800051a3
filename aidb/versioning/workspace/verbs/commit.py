"""`commit`: record what is staged as the next version of the current branch.

What is staged is stored already, so a commit writes a few hundred bytes: the commit, then the branch by
compare-and-swap, then the index. If another process moved the branch since the workspace was brought to it, the commit
is refused and everything stays staged: what the other one did is not in the workspace, and recording the workspace on
top would undo it. Before anything is written, the checks of the version and the protection of the branch are asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from aidb.errors import MergeConflictError, NothingToDoError, PathNotFoundError, RefChangedError, RefusedError
from aidb.progress import SILENT, Progress
from aidb.types import ObjectId, show_path
from aidb.versioning.head import HEAD
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.state import State
from aidb.versioning.workspace.lockfile import write_lock
from aidb.versioning.workspace.proposing import Verify, asking, checked_out, propose
from aidb.versioning.workspace.report import some, update_command
from aidb.versioning.workspace.targets import Given, targets
from aidb.versioning.workspace.verbs.add import add_to
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.commits import Commit, Person
    from aidb.versioning.head import Head
    from aidb.versioning.protection import Move


def commit(
    workspace: Workspace,
    message: str,
    *,
    all: bool = False,  # noqa: A002 - Git's word
    paths: Given = (),
    author: Person | None = None,
    amend: bool = False,
    allow_empty: bool = False,
    verify: bool = True,
    progress: Progress = SILENT,
) -> Commit:
    """Commit what is staged; with `all`, stage every change of tracked files first; with `paths`, only those paths.

    An empty message is that of the merge under way or of the commit amended. Without `verify`, no check is asked.
    Raises NothingToDoError, MergeConflictError while conflicts wait, RefChangedError if another process moved the
    branch, CheckFailedError, ProtectedBranchError.
    """
    with workspace.changing("commit", _quoted(message)) as index:
        head = workspace.engine.head()
        refuse_moved(index, head)
        workspace.engine.refuse_protected(HEAD, "force" if amend else _event(index))
        if all:
            add_to(workspace, index, [b""], update=True, progress=progress)
        refuse_conflicts(index)
        root = index.state.staged_root
        if wanted := targets(workspace.root, paths):
            root = _only(workspace, index, wanted, progress)
        made = _record(
            workspace,
            index,
            head,
            root,
            message,
            author,
            amend=amend,
            allow_empty=allow_empty,
            verify=asking(verify),
        )
    workspace.gate.done("commit", head.branch)
    return made


def refuse_moved(index: Index, head: Head) -> None:
    """Raise RefChangedError if HEAD is no longer the commit the workspace was brought to."""
    if head.commit == index.state.base:
        return
    where = head.branch or "HEAD"
    raise RefChangedError(
        f"another command moved {where} to {(head.commit or 'no commit')[:10]}, while the workspace shows"
        f" {(index.state.base or 'no commit')[:10]}; nothing was committed and everything is still staged",
        actual=head.commit,
        hints=(f"`{update_command(head)}` brings the workspace up to date and keeps your changes.",),
    )


def refuse_conflicts(index: Index) -> None:
    """Raise MergeConflictError while a merge waits for decisions."""
    waiting = [conflict.path for conflict in index.state.conflicts]
    if waiting:
        raise MergeConflictError(
            f"conflicts wait for a decision: {some(waiting)}",
            paths=tuple(map(show_path, waiting)),
            hints=(
                "Settle each with `aidb restore --ours PATH` or `--theirs PATH`, or edit it and `aidb add PATH`.",
                "`aidb merge --abort` gives the merge up.",
            ),
        )


def conclude(workspace: Workspace, index: Index, head: Head, verify: Verify) -> Commit:
    """Commit a merge or revert whose conflicts are settled. The caller holds the lock."""
    root = index.state.staged_root
    return _record(workspace, index, head, root, "", None, amend=False, allow_empty=True, verify=verify)


def advance(workspace: Workspace, head: Head, to: Commit, reason: str, move: Move) -> None:
    """Move what is checked out from `head` to a commit by compare-and-swap, and pin it beside Git."""
    person = workspace.recorder().person
    workspace.engine.update_ref(checked_out(head), head.commit, to.id, reason, person, move=move)
    write_lock(workspace, to, head.branch)


def _record(
    workspace: Workspace,
    index: Index,
    head: Head,
    root: ObjectId | None,
    message: str,
    author: Person | None,
    *,
    amend: bool,
    allow_empty: bool,
    verify: Verify,
) -> Commit:
    state, event = index.state, _event(index)
    tip = None if head.commit is None else workspace.engine.read_commit(head.commit)
    if amend:
        _refuse_amend(tip, index)
    elif _same(workspace, root, state.base_root) and state.merge is None and not allow_empty:
        raise _nothing(index)
    amended = tip if amend else None
    parents = amended.parents if amended else () if head.commit is None else (head.commit,)
    like = amended
    if state.merge is not None:
        message = message or state.merge.message
        if state.merge.kind == "merge":
            parents += state.merge.heads
        elif state.merge.kind == "cherry-pick":
            like = workspace.engine.read_commit(state.merge.heads[0])
    message = message or (amended.message if amended else "")
    propose(workspace, head, event, state.base_root, root, message, verify=verify, index=index)
    if verify != "skip":
        message = workspace.gate.message(message, head.branch)
    manifest = workspace.manifest(root or empty_version(workspace))
    made = workspace.recorder().record(manifest, parents, message, author, like)
    staged = made.root if root == state.staged_root else state.staged_root
    index.state = replace(state, base=made.id, base_root=made.root, staged_root=staged, merge=None)
    workspace.note(index, after_next=True)  # the move of the branch
    reason = f"{_verb(head, state, amend=amend)}: {made.subject}"
    advance(workspace, head, made, reason, "force" if amend else event)
    # The branch has it now: should the index be lost, it is made again from there.
    workspace.save(index, durable=staged != made.root)
    return made


def _quoted(message: str) -> str:
    """The first line as the operation log shows it; nothing if the message is that of a merge or of what is amended."""
    subject = message.strip().partition("\n")[0]
    return f'"{subject}"' if subject else ""


def _only(workspace: Workspace, index: Index, wanted: list[bytes], progress: Progress) -> ObjectId:
    """Stage the present state of some tracked paths, and give the version that differs from HEAD on those alone."""
    from aidb.versioning.manifest import diff, edit

    if index.state.merge is not None:
        raise RefusedError("a merge is committed as a whole", hints=("Run `aidb commit` without paths.",))
    base = workspace.manifest(index.state.base_root)
    for path in wanted:
        if path and path not in index and not index.is_folder(path) and not next(base.items(path), None):
            raise PathNotFoundError(f"{show_path(path)} is not tracked", hints=("`aidb add` it first.",))
    add_to(workspace, index, wanted, update=True, progress=progress)
    staged = workspace.manifest(index.state.staged_root)
    changes = [(change.path, change.new) for path in wanted for change in diff(base, staged, path)]
    with workspace.store.writer() as writer:
        return edit(base, writer, changes)


def _event(index: Index) -> Literal["commit", "merge"]:
    """What a commit made now would be to the branch."""
    under_way = index.state.merge
    return "merge" if under_way is not None and under_way.kind == "merge" else "commit"


def _same(workspace: Workspace, root: ObjectId | None, base_root: ObjectId | None) -> bool:
    """Whether both are the same files. Before the first commit, no manifest and an empty one are."""
    return root == base_root or (base_root is None and not len(workspace.manifest(root)))


def _refuse_amend(tip: Commit | None, index: Index) -> None:
    if tip is None:
        raise NothingToDoError("there is no commit to amend yet")
    if index.state.merge is not None:
        raise RefusedError(
            "a merge is under way: there is nothing to amend", hints=("Finish it with `aidb commit`.",)
        )


def _nothing(index: Index) -> NothingToDoError:
    if not index.folders():
        return NothingToDoError(
            "nothing to commit", hints=("`aidb add PATH` stages files for the next commit.",)
        )
    return NothingToDoError(
        "nothing is staged, so there is nothing to commit",
        hints=(
            "`aidb add PATH` stages changes, `aidb commit -a` all of tracked files; `aidb status` lists them.",
        ),
    )


def empty_version(workspace: Workspace) -> ObjectId:
    """The stored manifest of a version without files."""
    from aidb.versioning.manifest import empty_root

    with workspace.store.writer() as writer:
        return empty_root(writer)


def _verb(head: Head, state: State, *, amend: bool) -> str:
    if amend:
        return "commit (amend)"
    if state.merge is not None:
        return "cherry-pick" if state.merge.kind == "cherry-pick" else "commit (merge)"
    return "commit" if head.commit else "commit (initial)"
