"""The packages that a run can import, and the lock file that says where they come from."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aidb.tracking.journal.events import Stored

if TYPE_CHECKING:
    from aidb.tracking.capture.script import Keep

LOCKS = ("uv.lock", "pylock.toml")
MOST_LOCK = 8 << 20


def packages(keep: Keep, folder: Path) -> tuple[dict[str, Any], tuple[Stored, ...]]:
    """Every installed distribution with its version; and the lock file in `folder` or the nearest one above."""
    from importlib.metadata import distributions

    found = {}
    for distribution in distributions():
        # A distribution whose files are half removed has no name.
        if (name := distribution.metadata["Name"]) and name not in found:
            found[name] = distribution.version
    lock = next(
        (place / name for place in (folder, *folder.parents) for name in LOCKS if (place / name).is_file()),
        None,
    )
    files: tuple[Stored, ...] = ()
    if lock is not None:
        with contextlib.suppress(OSError):
            if lock.stat().st_size <= MOST_LOCK:
                files = (keep(lock.read_bytes(), lock.suffix, role="lock", path=lock.name),)
    return dict(sorted(found.items(), key=lambda each: each[0].lower())), files
