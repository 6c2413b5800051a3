"""Everything that keeps data alive, in one list: whatever else must be kept is a further line of `sources`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aidb.files import storage_errors
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
    """Something that keeps data alive: what people call it, and what it keeps now.

    `asked_last`: whatever a command lets go of goes there, from wherever it was.
    """

    name: str
    find: Callable[[], Roots]
    asked_last: bool = False


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
        Source("operations", lambda: _operations(workspace, moves_since), asked_last=True),
        Source("runs", lambda: Roots(_runs(engine, workspace.folder / "runs")), asked_last=True),
    ]


def find_all(asked: Sequence[Source]) -> list[Roots]:
    """The roots of each source, in the order of the list."""
    order = sorted(range(len(asked)), key=lambda at: (asked[at].asked_last, -at))
    found = {at: asked[at].find() for at in order}
    return [found[at] for at in range(len(asked))]


def _other_refs(engine: Engine) -> tuple[CommitId, ...]:
    refs = engine.list_refs()
    return tuple(commit for name, commit in refs.items() if not name.startswith((HEADS, TAGS)))


def _runs(engine: Engine, runs: Path) -> tuple[CommitId, ...]:
    """The commits that runs have read or made. Those of a run that was copied here may be in no store of this place."""
    found: dict[CommitId, None] = {}
    with storage_errors("reading which commits runs need"):
        for file in sorted(runs.glob("*/commits")):
            # A line that a crash cut short was never relied on.
            lines = file.read_text("ascii", "replace").split("\n")
            found.update(
                dict.fromkeys(CommitId(line) for line in lines if re.fullmatch(r"[0-9a-f]{40}", line))
            )
    return tuple(commit for commit in found if engine.expand_prefix(commit))


def _staged(workspace: Workspace) -> Roots:
    state = workspace.saved_state()
    roots = tuple(root for root in (state.base_root, state.staged_root) if root is not None)
    return Roots(tuple(filter(None, [state.base])), roots)


def _operations(workspace: Workspace, since: datetime | None) -> Roots:
    """What `aidb undo` brings back, conflicts with each of their sides among it."""
    from aidb.versioning.workspace.views import conflicts_of

    log = workspace.operation_log
    commits, manifests = log.roots(since)
    recent = (operation for operation in log.read() if since is None or operation.time >= since)
    conflicts = (conflict for operation in recent for conflict in conflicts_of(operation))
    sides = (side for conflict in conflicts for side in (conflict.base, conflict.ours, conflict.theirs))
    return Roots(tuple(commits), tuple(manifests), tuple(side.content for side in sides if side is not None))


def _merge(workspace: Workspace) -> Roots:
    """The other side and what was merged so far; each side of each conflict can still be chosen."""
    state = workspace.saved_state()
    sides = (side for conflict in state.conflicts for side in (conflict.base, conflict.ours, conflict.theirs))
    blobs = tuple(side.content for side in sides if side is not None)
    if state.merge is None:
        return Roots(blobs=blobs)
    return Roots(state.merge.heads, tuple(filter(None, [state.merge.root])), blobs)
