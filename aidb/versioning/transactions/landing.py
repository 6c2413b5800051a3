"""Making a commit of a transaction: chunks, packs, manifest, commit, and last the branch, by compare-and-swap.

Whoever finds that the branch has moved brings the changes onto its new tip and tries again, as often as it takes: each
time somebody else has got ahead. Transactions of one branch take turns by a lock, so that few try in vain; the lock is
a courtesy, and right is only the compare-and-swap.
"""

from __future__ import annotations

import contextlib
import random
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from aidb.errors import LockedError, MergeConflictError, RefChangedError, RevisionNotFoundError
from aidb.files import file_lock
from aidb.types import HEADS, CommitId, RefName, branch_ref, show_path
from aidb.versioning.gate import Proposal
from aidb.versioning.manifest import Change, Manifest, NodeCache, diff, edit, merge_changes
from aidb.versioning.revisions import close_names
from aidb.versioning.workspace.report import some

if TYPE_CHECKING:
    from aidb.store import StoreWriter
    from aidb.versioning.commits import Commit, Person
    from aidb.versioning.engine import Engine
    from aidb.versioning.gate import Gate
    from aidb.versioning.recording import Recorder
    from aidb.versioning.transactions.pending import Pending
    from aidb.versioning.transactions.reads import Reads

_PATIENCE = 10.0
"""Seconds to wait for the turn before trying without it: its holder may have been stopped."""
_LOCKS = 64
"""Branches share that many lock files."""
_LONGEST_PAUSE = 0.25


class Start(NamedTuple):
    """Where a transaction began: the branch, the commit it was read at, and the tip the branch had.

    They differ for a branch that is yet to be made: then there is no tip.
    """

    branch: RefName
    commit: CommitId | None
    tip: CommitId | None


def begin(engine: Engine, branch: str, *, create: bool | Literal["empty"]) -> Start:
    """Where a transaction on a branch begins. The branch that is checked out may still be without a commit.

    Raises RevisionNotFoundError for a branch that does not exist, unless `create`: then it begins at HEAD, or with
    nothing if that is "empty".
    """
    name, head = branch_ref(branch), engine.head()
    tip = engine.read_ref(name)
    if tip is not None or head.branch == branch:
        return Start(name, tip, tip)
    if create:
        return Start(name, None if create == "empty" else head.commit, None)
    close = close_names(branch, [ref.removeprefix(HEADS) for ref in engine.list_refs(HEADS)])
    raise RevisionNotFoundError(
        f"there is no branch {branch!r}",
        hints=(
            *((f"Did you mean {close}?",) if close else ()),
            f"`aidb branch {branch}` makes it; so does -c, or create=True, on the way.",
        ),
    )


class Landing:
    """One transaction on its way into a branch."""

    def __init__(
        self,
        engine: Engine,
        writer: StoreWriter,
        recorder: Recorder,
        nodes: NodeCache,
        locks: Path,
        gate: Gate,
        *,
        verify: bool = True,
    ) -> None:
        """Without `verify`, the gate is only told, not asked."""
        self._engine = engine
        self._writer = writer
        self._recorder = recorder
        self._nodes = nodes
        self._locks = locks
        self._gate = gate
        self._verify = verify

    def land(
        self, start: Start, pending: Pending, reads: Reads, message: str, author: Person | None
    ) -> Commit | None:
        """Commit what is pending and move the branch; None if there is nothing that the branch does not have.

        Raises MergeConflictError if others changed what this transaction changed or saw, RefChangedError if the branch
        is gone, CheckFailedError if its checks refuse the version.
        """
        changes = pending.changes()
        if not changes:
            return None
        for path in pending.confirmed():
            reads.file(path)  # it is right only as long as nobody else changes it
        self._writer.flush()
        with self._turn(start.branch):
            attempt = partial(self._try, start, pending.base, changes, reads, message, author)
            made = self._try_until_first(start.branch, attempt)
        if made is not None:
            self._gate.done("commit", _name(start))
        return made

    def _try_until_first(
        self, branch: RefName, attempt: Callable[[CommitId | None], Commit | None]
    ) -> Commit | None:
        pauses = _pauses()
        while True:
            try:
                return attempt(self._engine.read_ref(branch))
            except RefChangedError as error:
                if error.actual is None:
                    raise
            time.sleep(next(pauses))

    def _try(
        self,
        start: Start,
        base: Manifest,
        changes: list[Change],
        reads: Reads,
        message: str,
        author: Person | None,
        tip: CommitId | None,
    ) -> Commit | None:
        """Onto the tip that the branch has now. Raises RefChangedError if it has moved on."""
        if tip is None and start.tip is not None:
            raise RefChangedError(
                f"the branch {_name(start)} was deleted meanwhile; nothing was committed", actual=None
            )
        onto = base
        if tip is not None and tip != start.commit:
            onto = Manifest(self._nodes, self._engine.read_commit(tip).root)
            changes = _rebased(start, tip, base, onto, changes, reads)
        root = edit(onto, self._writer, ((change.path, change.new) for change in changes))
        if root == onto.root:
            return None
        self._writer.flush()
        version = Manifest(self._nodes, root)
        if self._verify:
            self._gate.verify(Proposal("commit", _name(start), onto, version, message))
            message = self._gate.message(message, _name(start))
        parents = tuple(filter(None, (tip or start.commit,)))
        made = self._recorder.record(version, parents, message, author)
        reason = f"commit{'' if parents else ' (initial)'}: {made.subject}"
        self._engine.update_ref(start.branch, tip, made.id, reason, self._recorder.person)
        return made

    @contextlib.contextmanager
    def _turn(self, branch: RefName) -> Iterator[None]:
        lock = self._locks / f"branch-{zlib.crc32(branch.encode()) % _LOCKS}"
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(LockedError):
                stack.enter_context(file_lock(lock, what=branch, timeout=_PATIENCE))
            yield


def _rebased(
    start: Start, tip: CommitId, base: Manifest, onto: Manifest, changes: list[Change], reads: Reads
) -> list[Change]:
    """The changes as they are made to the new tip. Raises MergeConflictError, naming what stands against it."""
    theirs = list(diff(base, onto))
    merged = merge_changes(theirs, changes)
    touching = {bytes(conflict.path) for conflict in merged.conflicts} | reads.outdated(theirs, onto)
    if touching:
        paths = sorted(touching)
        raise MergeConflictError(
            f"{_name(start)} was moved to {tip[:10]} meanwhile, which changed what this transaction changes or has"
            f" read: {some(paths)}; nothing was committed",
            paths=tuple(map(show_path, paths)),
            hints=("Do the same again: it will begin from the new version.",),
        )
    return merged.changes


def _pauses() -> Iterator[float]:
    """Seconds to wait after each loss: longer and longer up to a point, and never alike for two."""
    steps = chain((0.002 * 2**n for n in range(7)), iter(lambda: _LONGEST_PAUSE, None))
    return (random.uniform(0, step) for step in steps)


def _name(start: Start) -> str:
    return start.branch.removeprefix(HEADS)
