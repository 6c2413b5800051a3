"""Copies files of a version out to any folder, without touching the workspace or its index."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from aidb.errors import WouldOverwriteError
from aidb.files import storage_errors
from aidb.progress import SILENT, Progress
from aidb.store import ObjectStore
from aidb.types import Entry, RepoPath, show_path
from aidb.versioning.manifest import Change, Manifest
from aidb.versioning.workspace.report import some
from aidb.versioning.workspace.tree.checkout import raise_damage
from aidb.versioning.workspace.tree.materialise import Materialiser
from aidb.versioning.workspace.tree.safety import possible, refuse_clashes


def export(
    manifest: Manifest,
    base: bytes,
    target: Path,
    *,
    store: ObjectStore,
    scratch: Path,
    force: bool = False,
    progress: Progress = SILENT,
) -> int:
    """Copy the file or folder `base` (empty: everything) to `target`; return how many files were written.

    Raises WouldOverwriteError before anything is written if a file is in the way, unless `force`; DamagedObjectError
    after everything that is sound was written.
    """
    is_file = bool(base) and manifest.get(RepoPath(base)) is not None
    root = target.parent if is_file else target
    placed = _placing(base, target, is_file=is_file)

    def items() -> Iterator[tuple[RepoPath, Entry]]:
        return ((placed(path), entry) for path, entry in manifest.items(base))

    task = progress.task("Copying files", manifest.totals(base).files)
    with storage_errors("copying files out"):
        if not force and os.path.lexists(target):
            _refuse_existing(root, items())
        root.mkdir(parents=True, exist_ok=True)
        for _ in possible(Change(path, None, entry) for path, entry in items()):
            pass
        refuse_clashes((Change(path, None, entry) for path, entry in items()), root)
        try:
            with Materialiser(root, store, scratch, task) as materialiser:
                written = sum(1 for _ in materialiser.write(items()))
        finally:
            task.close()
    raise_damage(materialiser.damaged)
    return written


def _placing(base: bytes, target: Path, *, is_file: bool) -> Callable[[bytes], RepoPath]:
    """From the path in the version to the path below the folder written to."""
    if is_file:
        name = RepoPath(os.fsencode(target.name))
        return lambda _: name
    skip = len(base) + 1 if base else 0
    return lambda path: RepoPath(path[skip:])


def _refuse_existing(root: Path, items: Iterator[tuple[RepoPath, Entry]]) -> None:
    folder = os.fsencode(root)
    if there := [path for path, _ in items if os.path.lexists(os.path.join(folder, path))]:
        raise WouldOverwriteError(
            f"{show_path(folder)} already holds {some(there)}",
            paths=tuple(show_path(path) for path in there),
            hints=("Choose another destination, or use --force to overwrite.",),
        )
