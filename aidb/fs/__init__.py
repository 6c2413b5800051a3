"""aidb's versions as an fsspec filesystem, so that what reads through fsspec reads them: `aidb://v1/train.parquet`.

`aidb.fs.address` has the grammar of addresses. fsspec finds the filesystem by its entry point; nothing needs importing.
Needs `pip install 'aidb[fs]'`.

Not promised: that empty folders last (a version holds files; a made folder is remembered by the instance), nor that two
calls see the same version of a branch (name a commit where they must).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aidb.fs.filesystem import AidbFileSystem

__all__ = ["AidbFileSystem"]


def __getattr__(name: str) -> Any:
    if name != "AidbFileSystem":
        raise AttributeError(f"module 'aidb.fs' has no attribute {name!r}")
    from aidb.fs.filesystem import AidbFileSystem

    return AidbFileSystem
