"""A file that is to be kept: made from what was logged, or read from the disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

from aidb.errors import InvalidInputError
from aidb.files import storage_errors

MOST_BYTES = 512 << 20
"""Largest media file that is read from the disk."""


class Made(NamedTuple):
    """The bytes of a file, its suffix, and what is known of it."""

    data: bytes
    suffix: str
    about: dict[str, Any]

    def with_caption(self, caption: str) -> Made:
        return self._replace(about={**self.about, "caption": caption}) if caption else self


def from_disk(path: str | os.PathLike[str]) -> Made:
    """A file as it is. Raises StorageError, InvalidInputError if it is too large."""
    file = Path(path)
    with storage_errors("reading a file to log"):
        size = file.stat().st_size
        if size > MOST_BYTES:
            raise InvalidInputError(
                f"{file} is too large to be logged: {size:,} bytes",
                hints=("Commit it on the branch of the run: `run.save(…)`.",),
            )
        return Made(file.read_bytes(), file.suffix.lower(), {"file": file.name})


def as_array(value: Any) -> Any:
    """A NumPy array of an array, a tensor on any device, or a list."""
    import numpy as np

    if hasattr(value, "detach"):
        value = value.detach()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
        value = value.cpu().numpy()
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{type(value).__name__} is no array: {error}") from error
