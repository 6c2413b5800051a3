"""Everything that keeps data alive, in one list: whatever else must be kept is a further line of `sources`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from aidb.types import HEADS, TAGS, Blob, CommitId, ObjectId

if TYPE_CHECKING:
    from aidb.versioning.engine import Engine
    from aidb.versioning.workspace import Workspace


class Roots(NamedTuple):
    """Commits with their history, manifests, and single files."""

    commits: Sequence[CommitId] = ()
    manifests: Sequence[ObjectId] = ()
    blobs: Sequence[Blob] = ()


class Source(NamedTuple):
    """Something that keeps data alive: what people call it, and what it keeps now."""

    name: str
    find: Callable[[], Roots]


def sources(engine: Engine, workspace: Workspace, *, moves_since: datetime | None = None) -> list[Source]:
    """What keeps data alive. What several keep is counted where it is met first.

    The order is also what makes it right beside commands that run at this moment: `find_all` asks from the last to the
    first, and a command writes where something goes to before it clears where it came from. So each source stands
    above those that things come from: branches above what is staged.
    """
    return [
        Source("branches", lambda: Roots(tuple(engine.list_refs(HEADS).values()))),
        Source("tags", lambda: Roots(tuple(engine.list_refs(TAGS).values()))),
        Source("other refs", lambda: Roots(_other_refs(engine))),
        Source("HEAD", lambda: Roots(tuple(filter(None, [engine.head().commit])))),
        Source("what is staged", lambda: _staged(workspace)),
        Source("an unfinished merge", lambda: _merge(workspace)),
        Source("reflogs", lambda: Roots(tuple(engine.roots(moves_since)))),
        Source("operations", lambda: _operations(workspace, moves_since)),
    ]


def find_all(asked: Sequence[Source]) -> list[Roots]:
    """The roots of each source, in the order of the list."""
    return [source.find() for source in reversed(asked)][::-1]


def _other_refs(engine: Engine) -> tuple[CommitId, ...]:
    refs = engine.list_refs()
    return tuple(commit for name, commit in refs.items() if not name.startswith((HEADS, TAGS)))


def _staged(workspace: Workspace) -> Roots:
    state = workspace.saved_state()
    roots = tuple(root for root in (state.base_root, state.staged_root) if root is not None)
    return Roots(tuple(filter(None, [state.base])), roots)


def _operations(workspace: Workspace, since: datetime | None) -> Roots:
    """What `aidb undo` brings back."""
    commits, manifests = workspace.operation_log.roots(since)
    return Roots(tuple(commits), tuple(manifests))


def _merge(workspace: Workspace) -> Roots:
    """The other side and what was merged so far; each side of each conflict can still be chosen."""
    state = workspace.saved_state()
    sides = (side for conflict in state.conflicts for side in (conflict.base, conflict.ours, conflict.theirs))
    blobs = tuple(side.content for side in sides if side is not None)
    if state.merge is None:
        return Roots(blobs=blobs)
    return Roots(state.merge.heads, tuple(filter(None, [state.merge.root])), blobs)
