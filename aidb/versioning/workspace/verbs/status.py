"""`status`: what is staged, what has changed since, what is untracked and what waits for a decision.

Never waits for the workspace lock. A file that only looked changed is remembered as unchanged, if the lock happens to
be free. On a clean tree nothing is read but the index, and neither NumPy, pygit2 nor a manifest is loaded.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from aidb.errors import FileChangedError, LockedError, StorageError
from aidb.types import Entry, Kind, RepoPath, decode_path, show_path
from aidb.versioning.workspace.beside_git import git_files
from aidb.versioning.workspace.entries import entries_of
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.rows import kind_of, row_of
from aidb.versioning.workspace.lockfile import lock_note
from aidb.versioning.workspace.report import update_command
from aidb.versioning.workspace.targets import Given, covers, targets
from aidb.versioning.workspace.tree.content import UNREAD, entry_on_disk, lstat
from aidb.versioning.workspace.tree.folders import Folders
from aidb.versioning.workspace.tree.scan import FolderScan, Found, Scanner, Untracked
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.diff import FileChange
    from aidb.versioning.head import Head
    from aidb.versioning.manifest import Change
    from aidb.versioning.workspace.index.state import Conflict


@dataclass(frozen=True, slots=True)
class ConflictedPath:
    """A path on which a merge waits for a decision. `note` says why its content could not be merged."""

    path: str
    reason: str
    note: str = ""

    @classmethod
    def of(cls, conflict: Conflict) -> ConflictedPath:
        return cls(decode_path(conflict.path), conflict.reason, conflict.note)


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a workspace. Paths are relative to its root; an untracked folder ends with `/`.

    `staged` is what a commit made now would change; `unstaged` what differs from that in the working tree (content
    whose size tells that it differs is not read, so its blob is empty). `merging` names the merge or such under way.
    """

    head: Head
    staged: list[FileChange]
    unstaged: list[FileChange]
    untracked: list[str]
    conflicts: list[ConflictedPath]
    merging: str | None
    notes: list[str]

    @property
    def clean(self) -> bool:
        """Whether a commit would be empty and nothing would be lost by forgetting the working tree."""
        return not (self.staged or self.unstaged or self.untracked or self.conflicts or self.merging)


def status(workspace: Workspace, paths: Given = ()) -> Status:
    """Compare HEAD, what is staged and the working tree; only below `paths`, if any are given."""
    wanted = targets(workspace.root, paths) or [b""]
    index = workspace.read_index()
    head = workspace.head()
    state = index.state
    look = look_at(workspace, index, wanted, untracked="folders")
    conflicted = {conflict.path for conflict in state.conflicts}
    return Status(
        head=head,
        staged=_without(staged_changes(workspace, index, wanted), conflicted),
        unstaged=_without(_file_changes(look.changes), conflicted),
        untracked=look.untracked,
        conflicts=[
            ConflictedPath.of(conflict) for conflict in state.conflicts if covers(wanted, conflict.path)
        ],
        merging=None if state.merge is None else f"{state.merge.kind} of {state.merge.name}",
        notes=[*index.notes, *_moved(head, index), *lock_note(workspace, head), *look.notes],
    )


@dataclass(slots=True)
class Look:
    """What a look at the working tree found: changes against what is staged, in order of folders."""

    changes: list[Change] = field(default_factory=list)
    untracked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unreadable: list[RepoPath] = field(default_factory=list)
    """Folders that could not be looked into: nothing is said of what is in them."""
    unchanged: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Paths whose index row was out of date, and their rows now."""


def look_at(workspace: Workspace, index: Index, wanted: list[bytes], *, untracked: Untracked) -> Look:
    """Compare the working tree with what is staged; refresh the index where that can be done without waiting."""
    began = time.time_ns()
    look = Look()
    seen: dict[RepoPath, Found | None] = {}
    with Scanner(workspace.root, index, untracked=untracked, foreign=git_files(workspace.root)) as scanner:
        for report in scanner.scan(wanted):
            seen.update((RepoPath(found.path), found) for found in report.changed)
            seen.update((RepoPath(path), None) for path in report.missing)
            _note(report, look)
    look.untracked.sort()
    if seen:
        _compare(workspace, index, seen, look, began)
    if look.unchanged:
        _refresh(workspace, index, look.unchanged)
    return look


def staged_changes(workspace: Workspace, index: Index, wanted: Iterable[bytes] = (b"",)) -> list[FileChange]:
    """What a commit made now would change, with renames."""
    state = index.state
    if state.base_root == state.staged_root:
        return []
    from aidb.versioning.diff import diff_manifests

    old, new = workspace.manifest(state.base_root), workspace.manifest(state.staged_root)
    return diff_manifests(old, new, paths=[decode_path(path) for path in wanted]).changes


def _note(report: FolderScan, look: Look) -> None:
    look.untracked += [decode_path(found.path) for found in report.untracked]
    look.untracked += [decode_path(folder) + "/" for folder in report.untracked_folders]
    look.notes += [f"cannot read {show_path(path)}: {error.strerror}" for path, error in report.unreadable]
    look.unreadable += [RepoPath(path) for path, _ in report.unreadable]


def _compare(
    workspace: Workspace, index: Index, seen: dict[RepoPath, Found | None], look: Look, began: int
) -> None:
    from aidb.versioning.manifest import Change

    staged = entries_of(workspace.manifest(index.state.staged_root), seen)
    with Folders(workspace.root) as folders:
        for path, found in sorted(seen.items(), key=itemgetter(0)):
            if found is None:
                look.changes.append(Change(path, staged.get(path), None))
            else:
                _compare_one(folders, found, staged.get(path), look, began)


def _compare_one(folders: Folders, found: Found, old: Entry | None, look: Look, began: int) -> None:
    from aidb.versioning.manifest import Change

    path, seen = RepoPath(found.path), found.stat or lstat(folders, found.path)
    if seen is None:
        look.changes.append(Change(path, old, None))
        return
    try:
        new = entry_on_disk(folders, path, seen, old)
    except (StorageError, FileChangedError) as error:
        look.notes.append(error.message)
        new = Entry(kind_of(seen.st_mode) or Kind.FILE, seen.st_size, UNREAD, None)
    if new is not None and new == old:
        look.unchanged.append((path, row_of(seen, began)))
    else:
        look.changes.append(Change(path, old, new))


def _refresh(workspace: Workspace, seen: Index, rows: list[tuple[bytes, bytes]]) -> None:
    with contextlib.suppress(LockedError, StorageError), workspace.changing(timeout=0.0) as index:
        if index.file is seen.file and not index.changed:
            for path, row in rows:
                index.set(path, row)
            workspace.save(index, durable=False)


def _file_changes(changes: list[Change]) -> list[FileChange]:
    if not changes:
        return []
    from aidb.versioning.diff import file_change

    return [file_change(change) for change in sorted(changes)]


def _without(changes: list[FileChange], conflicted: set[RepoPath]) -> list[FileChange]:
    if not conflicted:
        return changes
    names = {decode_path(path) for path in conflicted}
    return [change for change in changes if change.path not in names]


def _moved(head: Head, index: Index) -> list[str]:
    if head.commit == index.state.base:
        return []
    where, now = head.branch or "HEAD", (head.commit or "no commit")[:10]
    shown = (index.state.base or "no commit")[:10]
    note = f"{where} was moved to {now} by another command, the workspace still shows {shown}"
    return [f"{note}: `{update_command(head)}` brings it up to date and keeps your changes."]
