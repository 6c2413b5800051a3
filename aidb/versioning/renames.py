"""Renames in a merge: what one side changed in a file follows it to the name the other side gave it.

Without this, a file renamed here and changed there would be reported as "removed and changed". A rename is an added
file of the content that was removed; it is looked for only where there is such a conflict, so that other merges cost
nothing.
"""

from __future__ import annotations

from aidb.types import RepoPath
from aidb.versioning.diff import find_renames
from aidb.versioning.manifest import Change, Conflict, Manifest, Reason, ThreeWay, diff


def follow_renames(found: ThreeWay, base: Manifest, ours: Manifest, theirs: Manifest) -> ThreeWay:
    """The outcome of a merge in which changes follow renames; conflicts that this settles are gone."""
    reasons = {conflict.reason for conflict in found.conflicts}
    by_ours = _new_names(base, ours) if Reason.DELETED_BY_OURS in reasons else {}
    by_theirs = _new_names(base, theirs) if Reason.DELETED_BY_THEIRS in reasons else {}
    if not by_ours and not by_theirs:
        return found
    changes = {change.path: change for change in found.changes}
    conflicts = [
        conflict
        for conflict in found.conflicts
        if not _follow_ours(conflict, by_ours, changes, theirs)
        and not _follow_theirs(conflict, by_theirs, changes, ours)
    ]
    return ThreeWay([changes[path] for path in sorted(changes)], conflicts)


def _new_names(base: Manifest, side: Manifest) -> dict[RepoPath, Change]:
    """Where one side moved files to: by old path, the addition of the new one."""
    changes = list(diff(base, side))
    added = {change.path: change for change in changes if change.old is None}
    return {origin.path: added[path] for path, origin in find_renames(changes).items()}


def _follow_ours(
    conflict: Conflict, renamed: dict[RepoPath, Change], changes: dict[RepoPath, Change], theirs: Manifest
) -> bool:
    """Ours renamed it, theirs changed it: the new name gets their content."""
    to = renamed.get(conflict.path)
    if conflict.reason is not Reason.DELETED_BY_OURS or to is None or to.path in changes:
        return False
    if conflict.theirs is None or to.new is None or theirs.get(to.path) is not None:
        return False
    changes[to.path] = Change(to.path, to.new, conflict.theirs)
    return True


def _follow_theirs(
    conflict: Conflict, renamed: dict[RepoPath, Change], changes: dict[RepoPath, Change], ours: Manifest
) -> bool:
    """Theirs renamed it, ours changed it: the old name goes, the new one gets our content."""
    to = renamed.get(conflict.path)
    if conflict.reason is not Reason.DELETED_BY_THEIRS or to is None or conflict.ours is None:
        return False
    addition = changes.get(to.path)
    if addition is None or addition.old is not None or ours.get(to.path) is not None:
        return False
    changes[conflict.path] = Change(conflict.path, conflict.ours, None)
    changes[to.path] = Change(to.path, None, conflict.ours)
    return True
