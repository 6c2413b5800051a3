"""Files of a run, beside its journals: media, and what is captured. Each is named by what it holds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from aidb.files import storage_errors
from aidb.tracking.journal.events import Stored
from aidb.tracking.journal.folder import FILES


def store_file(run_folder: Path, data: bytes, suffix: str, about: dict[str, Any]) -> Stored:
    """Keep some bytes. Raises StorageError."""
    from blake3 import blake3

    stored = Stored(blake3(data).hexdigest() + suffix, len(data), about)
    place = run_folder / FILES / stored.name
    if not place.exists():
        with storage_errors("keeping a file of the run"):
            place.parent.mkdir(exist_ok=True)
            temporary = place.with_name(f".{os.getpid()}-{os.urandom(6).hex()}")
            try:
                temporary.write_bytes(data)
                temporary.replace(place)
            finally:
                temporary.unlink(missing_ok=True)
    return stored
