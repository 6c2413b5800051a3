"""`add`: record what the working tree holds, for the next commit.

Only what looks changed is read. Every few seconds what was read so far is made to stand, so an interrupted `add`
goes on where it was. A file that cannot be read, or that changes while it is read, is named in the error at the end;
everything else is added.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aidb.errors import PathNotFoundError, RefusedError
from aidb.progress import SILENT, Progress
from aidb.types import show_path
from aidb.versioning.workspace.adding import Adding
from aidb.versioning.workspace.beside_git import git_files, gitignore_note
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.report import named, some
from aidb.versioning.workspace.staging import Staging
from aidb.versioning.workspace.targets import Given, targets
from aidb.versioning.workspace.tree.clashes import case_clashes
from aidb.versioning.workspace.tree.scan import Scanner
from aidb.versioning.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class AddResult:
    """What `add` staged: numbers of files, the bytes read and what they added to the store, and notes for a person."""

    added: int
    modified: int
    removed: int
    bytes_read: int
    bytes_stored: int
    notes: list[str]


def add(
    workspace: Workspace,
    paths: Given = (".",),
    *,
    update: bool = False,
    force: bool = False,
    progress: Progress = SILENT,
) -> AddResult:
    """Stage files, folders with what is below, and the disappearance of tracked ones.

    `update`: only what is tracked already. `force`: ignored files too. Raises PathNotFoundError, RefusedError for
    ignored files named one by one, and, after everything else was added, FileChangedError or StorageError.
    """
    wanted = targets(workspace.root, paths)
    with workspace.changing("add", named(wanted)) as index:
        return add_to(workspace, index, wanted, update=update, force=force, progress=progress)


def add_to(
    workspace: Workspace,
    index: Index,
    wanted: list[bytes],
    *,
    update: bool = False,
    force: bool = False,
    progress: Progress = SILENT,
) -> AddResult:
    """`add` for a caller that holds the lock. `wanted` comes from `targets`."""
    foreign = git_files(workspace.root)
    scanner = Scanner(
        workspace.root, index, untracked="none" if update else "files", ignoring=not force, foreign=foreign
    )
    task = progress.task("Adding")
    try:
        with scanner, Staging(workspace, index) as staging, Adding(workspace.root, staging, task) as adding:
            _check_targets(scanner, index, wanted, force=force)
            adding.run(scanner.scan(wanted))
            for conflict in index.state.conflicts:
                if conflict.path in wanted:  # named itself: what it holds now is the decision
                    staging.settle(conflict.path)
            staging.save()
    finally:
        task.close()
    adding.raise_failures()
    notes = index.notes + adding.passed_over.notes() + case_clashes(index, adding.grown)
    notes += gitignore_note(workspace.root, foreign, adding.grown, adding.loose)
    stored = staging.writer.stored_bytes
    return AddResult(adding.added, staging.modified, adding.removed, adding.bytes_read, stored, notes)


def _check_targets(scanner: Scanner, index: Index, wanted: Iterable[bytes], *, force: bool) -> None:
    ignored = []
    conflicted = {conflict.path for conflict in index.state.conflicts}
    for path in wanted:
        if path and path not in conflicted and path not in index and not index.is_folder(path):
            if not scanner.exists(path):
                raise PathNotFoundError(
                    f"there is no file or folder {show_path(path)}",
                    hints=("`aidb status` lists what has changed.",),
                )
            if not force and scanner.ignored(path):
                ignored.append(path)
    if ignored:
        raise RefusedError(
            f"{some(ignored)}: left out by .aidbignore",
            hints=("Add it all the same with `aidb add --force`, or change .aidbignore.",),
        )
