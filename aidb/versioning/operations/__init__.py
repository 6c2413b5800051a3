"""The operation log: what each command changed, so that it can be taken back.

An *operation* is what one command or call did: refs and HEAD that it moved, what it changed of the state of the
workspace (base, staged, merge under way), and files that it wrote or removed. Every effect is noted before it is made
and the end of the operation after it, so whatever a killed command did is known; what is noted and did not happen does
no harm, as taking back leaves alone what already is as it was.

Not promised: that the newest operations survive a power cut (refs and their reflogs do); that operations are kept for
ever (`log.MOST_BYTES`). The bytes are described in `docs/spec/operations.md`.
"""

from __future__ import annotations

from aidb.versioning.operations.history import Stacks, interrupted, stacks
from aidb.versioning.operations.log import OperationLog, Roots
from aidb.versioning.operations.record import (
    CommitHex,
    Files,
    Merging,
    Move,
    Operation,
    Rename,
    StateChange,
    View,
)
from aidb.versioning.operations.recording import Recording

__all__ = [
    "CommitHex",
    "Files",
    "Merging",
    "Move",
    "Operation",
    "OperationLog",
    "Recording",
    "Rename",
    "Roots",
    "Stacks",
    "StateChange",
    "View",
    "interrupted",
    "stacks",
]
