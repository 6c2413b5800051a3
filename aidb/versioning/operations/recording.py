"""The operation that is under way: notes each effect before it is made."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import structs

from aidb.errors import StorageError
from aidb.versioning.operations.record import Files, Line, Move, Operation, Rename, StateChange

if TYPE_CHECKING:
    from aidb.versioning.operations.log import OperationLog


class Recording:
    """Notes of one operation; nothing is written for one that changes nothing."""

    def __init__(self, log: OperationLog, first: Line) -> None:
        """`first` says what the operation is, with the time not yet set."""
        self._log = log
        self._first: Line | None = first
        self.id = first.id
        self.verb = first.verb
        self.files: Files | None = None
        """What was noted of files so far."""
        self._coming: StateChange | None = None

    @classmethod
    def new(
        cls,
        log: OperationLog,
        verb: str,
        about: str,
        who: str,
        *,
        local: bool = True,
        undoes: str | None = None,
        redoes: str | None = None,
    ) -> Recording:
        """A new operation. Its id is twelve hexadecimal digits."""
        about = about.encode("utf-8", "backslashreplace").decode()  # it may name a path in no encoding
        first = Line(
            os.urandom(6).hex(), who=who, verb=verb, about=about, local=local, undoes=undoes, redoes=redoes
        )
        return cls(log, first)

    @classmethod
    def resume(cls, log: OperationLog, operation: Operation) -> Recording:
        """Go on with one that was interrupted."""
        recording = cls(log, Line(operation.id, verb=operation.verb))
        recording._first = None
        recording.files = operation.files
        return recording

    def begin_now(self) -> None:
        """Note that there is such an operation, even if it should change nothing."""
        if self._first is not None:
            self._note(Line(self.id))

    def move(self, move: Move) -> None:
        """A ref is about to move."""
        self._note(Line(self.id, move=move))

    def rename(self, renames: Iterable[Rename]) -> None:
        """Files or folders are about to be renamed."""
        self._note(Line(self.id, renames=tuple(renames)))

    def change_files(self, files: Files, *, durable: bool) -> None:
        """Files are about to change; this says of all of them what they held and will hold.

        `durable` if it is the only thing that names what they held.
        """
        self.files = files
        self._note(Line(self.id, files=files), durable=durable)

    def change_state(self, change: StateChange, *, after_next: bool = False) -> None:
        """The state of the workspace is about to change; `after_next`: not before the next effect, in whose line
        it is noted."""
        if after_next:
            self._coming = change
        else:
            self._note(Line(self.id, state=change))

    def finish(self) -> None:
        """Everything was done. Should there be no room to say so, the command has not failed for that."""
        if self._first is None or self._coming is not None:
            with contextlib.suppress(StorageError):
                self._note(Line(self.id, done=True))

    def _note(self, line: Line, *, durable: bool = False) -> None:
        if self._coming is not None and line.state is None:
            line.state, self._coming = self._coming, None
        if self._first is not None:
            line = structs.replace(
                self._first,
                time=datetime.now().astimezone(),
                move=line.move,
                renames=line.renames,
                files=line.files,
                state=line.state,
                done=line.done,
            )
            self._first = None
        self._log.append(line, durable=durable)
