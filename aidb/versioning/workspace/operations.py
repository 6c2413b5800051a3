"""The operations of a repository as a person sees them: listed, looked up, taken back.

for operation in repo.operations: ...        # newest first
repo.operations.undo()
repo.operations["3f1c"].title
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from aidb.notebook import html_table
from aidb.progress import SILENT, Progress
from aidb.versioning.operations import Operation, Stacks, stacks
from aidb.versioning.operations import Roots as Named
from aidb.versioning.workspace.taking_back import TakenBack
from aidb.versioning.workspace.verbs.op_restore import restore_operation
from aidb.versioning.workspace.verbs.undo import redo, undo
from aidb.versioning.workspace.views import roots_of, staged_roots
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.diff import FileChange
    from aidb.versioning.workspace.tree.changes import Roots

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

    def staged_changes(self, operation: Operation) -> list[FileChange]:
        """What an operation changed of what is staged."""
        state = operation.state()
        return [] if state is None else self._changes(staged_roots(*state))

    def file_changes(self, operation: Operation) -> list[FileChange]:
        """What an operation changed of the files of the workspace."""
        return [] if operation.files is None else self._changes(roots_of(operation.files))

    def _changes(self, roots: Roots) -> list[FileChange]:
        from aidb.versioning.diff import diff_manifests

        return diff_manifests(*map(self._workspace.manifest, roots)).changes

    def roots(self) -> Named:
        """The commits and manifests that must be kept as long as the operations are."""
        return self._log.roots()

    def forget(self, before: datetime) -> int:
        """Forget operations that began before a point in time, so that what they threw away may go; how many."""
        return self._log.forget(before)

    def _repr_html_(self) -> str:
        rows = [(op.id, f"{op.time:%Y-%m-%d %H:%M}", op.who, op.title) for op in self]
        more = f"… and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
        return html_table("operations", ("operation", "time", "who", "what"), rows[:_SHOWN], more=more)
