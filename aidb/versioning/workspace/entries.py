"""Looking up many paths of a manifest at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aidb.types import Entry, RepoPath

if TYPE_CHECKING:
    from aidb.versioning.manifest import Manifest

_WALK_COST = 20
"""Going through so many entries in order takes as long as finding one by its path."""


def entries_of(manifest: Manifest, paths: Iterable[RepoPath]) -> dict[RepoPath, Entry]:
    """The entries of those paths that the manifest holds."""
    wanted = paths if isinstance(paths, (set, dict)) else set(paths)
    if len(wanted) * _WALK_COST < manifest.files:
        found = ((path, manifest.get(path)) for path in wanted)
        return {path: entry for path, entry in found if entry is not None}
    return {path: entry for path, entry in manifest.items() if path in wanted}
