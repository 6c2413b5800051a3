"""aidb's versions as an fsspec filesystem, so that what reads through fsspec reads them: `aidb://v1/train.parquet`.

`aidb.fs.address` has the grammar of addresses. fsspec finds the filesystem by its entry point; nothing needs importing.
Needs `pip install 'aidb[fs]'`.

Not promised: that empty folders last (a version holds files; a made folder is remembered by the instance), nor that two
calls see the same version of a branch (name a commit where they must).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aidb.errors import NotFoundError

if TYPE_CHECKING:
    from aidb.fs.filesystem import AidbFileSystem

__all__ = ["AidbFileSystem"]


def __getattr__(name: str) -> Any:
    if name != "AidbFileSystem":
        raise AttributeError(f"module 'aidb.fs' has no attribute {name!r}")
    try:
        from aidb.fs.filesystem import AidbFileSystem
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "fsspec":
            raise
        raise NotFoundError(
            "fsspec is not installed", hints=("`pip install 'aidb[fs]'` brings it.",)
        ) from None

    return AidbFileSystem
