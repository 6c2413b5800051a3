"""`fsck --repair`: bring back what is damaged or lost, from whatever still has it.

Good records of damaged packs are saved first; then what versions need and the store lacks is looked for in other
stores, then in plain files: a file whose content is that of a damaged blob is stored again. A list of files that comes
back may show that more is missing, so this goes on until nothing more is found.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.errors import IntegrityError, PathNotFoundError
from aidb.progress import SILENT, Progress
from aidb.store import PackKind
from aidb.store.garbage.marks import Mark, Marks
from aidb.store.hashing import StreamHash, hash_bytes
from aidb.store.indexes.lookup import table_of
from aidb.types import Blob, ObjectId, show_path
from aidb.versioning.fsck import FsckReport, fsck, readable_commits
from aidb.versioning.garbage.marking import Marker
from aidb.versioning.garbage.roots import Roots
from aidb.versioning.manifest.node import Leaf

if TYPE_CHECKING:
    from aidb.store import ObjectStore
    from aidb.store.repair import Copy, Salvaged
    from aidb.versioning.engine import Engine

Wanted = dict[int, dict[ObjectId, Blob]]
"""Blobs by size, then by id."""

_BLOCK = 1 << 20
_SKIPPED = (".aidb", ".git")


@dataclass(frozen=True, slots=True)
class Brought:
    """What one place gave back: chunks of a store, or files."""

    source: str
    chunks: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What was damaged, what was done about it, and what is left of it."""

    before: FsckReport
    salvaged: tuple[Salvaged, ...]
    brought: tuple[Brought, ...]
    after: FsckReport


@dataclass(slots=True)
class _Places:
    """Where to look: other stores, then files and folders."""

    copies: list[Copy] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


class _BlobFinder(Marker):
    """Walks as a marker does, every list of files once, and collects the blobs that need what is lost."""

    def __init__(
        self, engine: Engine, store: ObjectStore, marks: Marks, lost: Mapping[ObjectId, PackKind]
    ) -> None:
        super().__init__(engine, store, marks)
        self._lost = lost
        self.found: Wanted = {}

    def mark_files(self, leaf: Leaf) -> None:
        for entry in leaf.rows(0, len(leaf)):
            self.judge(entry.content)

    def judge(self, blob: Blob) -> None:
        """Keep a blob if it is damaged; a recipe is read when it is first met."""
        if (blob.recipe or blob.id) in self._lost:
            self.found.setdefault(blob.size, {})[blob.id] = blob
        elif blob.recipe is not None and len(self.marks.add(table_of([blob.recipe]), Mark.RECIPE)):
            try:
                damaged = any(id_ in self._lost for id_ in self.store.chunk_ids(blob))
            except IntegrityError:
                damaged = True
            if damaged:
                self.found.setdefault(blob.size, {})[blob.id] = blob


class Repairer:
    """One repair at work."""

    def __init__(
        self,
        engine: Engine,
        store: ObjectStore,
        roots: Sequence[Roots],
        progress: Progress = SILENT,
    ) -> None:
        """`roots` are those that garbage collection keeps."""
        self._engine = engine
        self._store = store
        self._roots = roots
        self._progress = progress
        self._brought: list[Brought] = []

    def run(self, places: Sequence[Path], staged: ObjectId | None) -> RepairReport:
        """Repair from these places, in their order: repositories, stores, files, folders."""
        sorted_out = _sort_out(places)
        before = fsck(self._engine, self._store, staged, progress=self._progress)
        salvaged = self._store.repair().salvage(before.storage)
        lost = self._lost()
        while lost and (
            self._from_copies(sorted_out.copies, lost) or self._from_files(sorted_out.files, lost)
        ):
            lost = self._lost()
        after = fsck(self._engine, self._store, staged, progress=self._progress)
        return RepairReport(before, tuple(salvaged), tuple(self._brought), after)

    def _lost(self) -> dict[ObjectId, PackKind]:
        """What is needed and nowhere, as far as the lists of files can be read."""
        marks = self._store.marks(tolerant=True)
        with Marker(self._engine, self._store, marks, self._progress) as marker:
            for part in self._parts():
                try:
                    marker.mark(part)
                except IntegrityError:
                    continue  # whole, but no manifest or recipe: nobody has a better one
        return {
            id_: PackKind.META if what & (Mark.NODE | Mark.RECIPE) else PackKind.DATA
            for id_, what in marks.lost.items()
        }

    def _parts(self) -> Iterator[Roots]:
        """The roots one by one, so that one that is damaged beyond reading hides no other."""
        commits = [commit for roots in self._roots for commit in roots.commits]
        for commit in readable_commits(self._engine, commits):
            yield Roots(manifests=(commit.root,))
        for roots in self._roots:
            yield from (Roots(manifests=(root,)) for root in roots.manifests)
            yield from (Roots(blobs=(blob,)) for blob in roots.blobs)

    def _from_copies(self, copies: Iterable[Copy], lost: dict[ObjectId, PackKind]) -> int:
        """Fetch what other stores have; how many chunks that were."""
        from aidb.store.repair import fetch

        total, left = 0, dict(lost)
        for copy in copies:
            with self._store.writer() as writer:
                count = fetch(writer, copy, left)
            if count:
                self._brought.append(Brought(copy.name, chunks=count))
                there = self._store.contains(list(left))
                left = {id_: left[id_] for id_, known in zip(list(left), there, strict=True) if not known}
            total += count
        return total

    def _from_files(self, places: Iterable[Path], lost: dict[ObjectId, PackKind]) -> int:
        """Store files again whose content is a blob that is not whole; how many there were."""
        wanted = self._damaged_blobs(lost)
        total = 0
        for place in places:
            count = sum(self._store_again(path, wanted) for path in _plain_files(place) if wanted)
            if count:
                self._brought.append(Brought(show_path(str(place)), files=count))
            total += count
        return total

    def _damaged_blobs(self, lost: dict[ObjectId, PackKind]) -> Wanted:
        """The blobs that need something of what is lost."""
        marks = self._store.marks(tolerant=True)
        with _BlobFinder(self._engine, self._store, marks, lost) as finder:
            for part in self._parts():
                for blob in part.blobs:
                    finder.judge(blob)
                with contextlib.suppress(IntegrityError):
                    finder.mark_manifests(part.manifests)
        return finder.found

    def _store_again(self, path: Path, wanted: Wanted) -> int:
        try:
            info = path.lstat()
            if stat.S_ISLNK(info.st_mode):
                return self._store_link(path, wanted)
            blobs = wanted.get(info.st_size) if stat.S_ISREG(info.st_mode) else None
            blob = blobs.get(_hash(path)) if blobs else None
            if blobs is None or blob is None:
                return 0
            with self._store.writer() as writer, path.open("rb") as file:
                writer.put_blob(file, name_hint=path.name)
        except OSError:
            return 0
        del blobs[blob.id]
        return 1

    def _store_link(self, path: Path, wanted: Wanted) -> int:
        target = os.fsencode(os.readlink(path))
        blobs = wanted.get(len(target), {})
        if hash_bytes(target) not in blobs:
            return 0
        with self._store.writer() as writer:
            blob = writer.put_blob(target)
        del blobs[blob.id]
        return 1


def _sort_out(places: Iterable[Path]) -> _Places:
    """A repository is a store and a folder of files. Raises PathNotFoundError."""
    from aidb.store.repair import Copy

    found = _Places()
    for place in places:
        if not place.exists():
            raise PathNotFoundError(f"{show_path(str(place))} does not exist")
        store = next((folder for folder in _store_folders(place) if (folder / "packs").is_dir()), None)
        if store is not None:
            found.copies.append(Copy(store))
        found.files.append(place)
    return found


def _store_folders(place: Path) -> tuple[Path, ...]:
    return place / ".aidb/store", place / "store", place


def _plain_files(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield place
        return
    for folder, folders, names in os.walk(place):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        yield from (Path(folder, name) for name in sorted([*names, *links]))


def _hash(path: Path) -> ObjectId:
    state = StreamHash()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            state.update(block)
    return state.id()
