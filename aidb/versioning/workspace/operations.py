"""The operations of a repository as a person sees them: listed, looked up, taken back.

for operation in repo.operations: ...        # newest first
repo.operations.undo()
repo.operations["3f1c"].title
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from aidb.notebook import html_table
from aidb.progress import SILENT, Progress
from aidb.versioning.operations import Operation, Roots, Stacks, stacks
from aidb.versioning.workspace.verbs.undo import TakenBack, redo, restore_operation, undo
from aidb.versioning.workspace.workspace import Workspace

_SHOWN = 20


class Operations:
    """What was done in a repository, newest first, as far as it is remembered."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._log = workspace.operation_log

    def __iter__(self) -> Iterator[Operation]:
        return reversed(self._log.read())

    def __len__(self) -> int:
        return len(self._log.read())

    def __getitem__(self, name: str) -> Operation:
        """The operation whose id begins with `name`. Raises NotFoundError (a LookupError)."""
        return self._log.find(name)

    def stacks(self) -> Stacks:
        """What `undo` and `redo` would take back next."""
        return stacks(self._log.read())

    def undo(self, name: str | None = None, *, force: bool = False, progress: Progress = SILENT) -> TakenBack:
        """Take back the last operation that stands, or the one called `name`.

        Refused if files were changed since, unless `force`, which stores what they hold: `redo` brings it back.
        """
        return undo(self._workspace, name, force=force, progress=progress)

    def redo(self, *, force: bool = False, progress: Progress = SILENT) -> TakenBack:
        """Do again what the last undo took back."""
        return redo(self._workspace, force=force, progress=progress)

    def restore(self, name: str, *, force: bool = False, progress: Progress = SILENT) -> TakenBack:
        """Make refs, HEAD, what is staged and files what they were right after an operation."""
        return restore_operation(self._workspace, name, force=force, progress=progress)

    def roots(self) -> Roots:
        """The commits and manifests that must be kept as long as the operations are."""
        return self._log.roots()

    def forget(self, before: datetime) -> int:
        """Forget operations that began before a point in time, so that what they threw away may go; how many."""
        return self._log.forget(before)

    def _repr_html_(self) -> str:
        rows = [(op.id, f"{op.time:%Y-%m-%d %H:%M}", op.who, op.title) for op in self]
        more = f"… and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
        return html_table("operations", ("operation", "time", "who", "what"), rows[:_SHOWN], more=more)
