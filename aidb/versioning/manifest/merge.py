"""Three-way merge of manifests, by path, at the cost of what both sides changed. Conflicts are values.

A path that one side changed takes that side's entry. Both sides changing it alike is no conflict, nor is content
changed on one side and the executable bit on the other. What is left is reported, never guessed: both changed it, one
changed what the other removed, or one has a file where the other has a folder.

Not promised: knowledge of renames; a renamed file is one removed and one added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from aidb.types import Entry, Kind, RepoPath
from aidb.versioning.manifest.diff import Change, diff
from aidb.versioning.manifest.order import folders
from aidb.versioning.manifest.tree import Manifest


class Reason(StrEnum):
    """Why a path needs a decision."""

    MODIFIED_BOTH = "modified-both"
    ADDED_BOTH = "added-both"
    DELETED_BY_OURS = "deleted-by-ours"
    DELETED_BY_THEIRS = "deleted-by-theirs"
    FILE_FOLDER = "file-folder"


class Conflict(NamedTuple):
    """A path that needs a decision, with its entry in each version (None: not there).

    Where a file meets a folder, the file and each changed path in the folder are conflicts of their own: taking one
    side's entry for all of them gives that side's files.
    """

    path: RepoPath
    base: Entry | None
    ours: Entry | None
    theirs: Entry | None
    reason: Reason


class ThreeWay(NamedTuple):
    """The outcome: what to change in ours, and what to decide. Both in path order; no path is in both."""

    changes: list[Change]
    conflicts: list[Conflict]


def merge(base: Manifest, ours: Manifest, theirs: Manifest) -> ThreeWay:
    """Bring what `theirs` changed since `base` into `ours`.

    `changes` can be given to `edit` as they are, with or without what is decided on `conflicts`: as long as all paths
    of one clash are decided alike, no path becomes both file and folder.
    """
    return merge_changes(diff(base, ours), diff(base, theirs))


def merge_changes(ours: Iterable[Change], theirs: Iterable[Change]) -> ThreeWay:
    """The same, told by what both sides changed in the version they came from."""
    our_changes = {change.path: change for change in ours}
    their_changes = {change.path: change for change in theirs}
    clashing = _clashing(our_changes, their_changes)
    changes: list[Change] = []
    conflicts: list[Conflict] = []
    for path in sorted(their_changes.keys() | clashing):
        outcome = _decide(path, our_changes.get(path), their_changes.get(path), clash=path in clashing)
        if isinstance(outcome, Conflict):
            conflicts.append(outcome)
        elif outcome is not None:
            changes.append(outcome)
    return ThreeWay(changes, conflicts)


def _decide(
    path: RepoPath, ours: Change | None, theirs: Change | None, *, clash: bool
) -> Change | Conflict | None:
    """What becomes of a path that theirs changed, or that clashes: one of `ours` and `theirs` is given."""
    known = theirs or ours
    assert known is not None
    base = known.old
    mine, other = (ours.new if ours else base), (theirs.new if theirs else base)
    if clash:
        return Conflict(path, base, mine, other, Reason.FILE_FOLDER)
    if ours is None:
        return theirs
    if _same(mine, other):
        return None
    if base is not None and mine is not None and other is not None:
        return _combine(path, base, mine, other)
    return Conflict(path, base, mine, other, _reason(base, mine, other))


def _combine(path: RepoPath, base: Entry, ours: Entry, theirs: Entry) -> Change | Conflict | None:
    """One side changed the content, the other only whether it is executable: both can be had."""
    conflict = Conflict(path, base, ours, theirs, Reason.MODIFIED_BOTH)
    if Kind.SYMLINK in (base.kind, ours.kind, theirs.kind):
        return conflict
    content = _pick(base, ours, theirs)
    if content is None:
        return conflict
    kind = theirs.kind if ours.kind == base.kind else ours.kind
    merged = content._replace(kind=kind)
    return None if merged == ours else Change(path, ours, merged)


def _pick(base: Entry, ours: Entry, theirs: Entry) -> Entry | None:
    """The entry whose content wins, None if both sides have a new one."""
    if ours.blob in (base.blob, theirs.blob):
        return theirs if ours.blob == base.blob else ours
    return ours if theirs.blob == base.blob else None


def _same(ours: Entry | None, theirs: Entry | None) -> bool:
    """Whether both are the same file. How its content was cut into chunks does not matter."""
    if ours is None or theirs is None:
        return ours is theirs
    return ours.kind == theirs.kind and ours.blob == theirs.blob


def _reason(base: Entry | None, ours: Entry | None, theirs: Entry | None) -> Reason:
    if base is None:
        return Reason.ADDED_BOTH
    if ours is None:
        return Reason.DELETED_BY_OURS
    return Reason.DELETED_BY_THEIRS if theirs is None else Reason.MODIFIED_BOTH


def _clashing(ours: dict[RepoPath, Change], theirs: dict[RepoPath, Change]) -> set[RepoPath]:
    """The paths that one side holds as a file and the other as a folder, and what keeps that folder.

    Only paths that a side added or changed can clash: a file of the base that the other side put a folder in place of
    is gone there, and is kept only if this side changed it; the same holds for the paths of a folder.
    """
    our_files = {path for path, change in ours.items() if change.new is not None}
    their_files = {path for path, change in theirs.items() if change.new is not None}
    return {*_clashes(our_files, their_files), *_clashes(their_files, our_files)}


def _clashes(files: set[RepoPath], others: set[RepoPath]) -> Iterator[RepoPath]:
    """Files that are folders to `others`, and what lies in those."""
    clashing = {folder for folder, _ in folders(others) if folder in files}
    if not clashing:
        return
    yield from map(RepoPath, clashing)
    for path in others:
        if any(folder in clashing for folder, _ in folders([path])):
            yield path
