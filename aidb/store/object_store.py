"""The store as the rest of aidb sees it: chunks and blobs by id, over one backend."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.errors import IntegrityError, InvalidNameError
from aidb.store.backends.base import Backend
from aidb.store.backends.local import LocalBackend
from aidb.store.blob_reader import BlobReader, read_only_chunk
from aidb.store.chunk_reader import ChunkReader
from aidb.store.indexes.lookup import contains
from aidb.store.indexes.view import IndexView
from aidb.store.packs.layout import PackId
from aidb.store.recipes import RecipeTree
from aidb.types import Blob, ObjectId

if TYPE_CHECKING:
    from aidb.files import Session
    from aidb.progress import Progress
    from aidb.store.dependencies import Dependency
    from aidb.store.fsck import Damage
    from aidb.store.garbage.collecting import Collector
    from aidb.store.garbage.marks import Marks
    from aidb.store.garbage.owners import Owners
    from aidb.store.garbage.plan import Plan
    from aidb.store.quarantine import Kept
    from aidb.store.repair import Repair
    from aidb.store.usage import StoreUsage
    from aidb.store.writer import StoreWriter

    Bytes = bytes | bytearray | memoryview


class ObjectStore:
    """Reads, and hands out writers. Opening costs nothing: the indexes are read with the first question.

    Safe for threads.
    """

    def __init__(
        self, backend: Backend, scratch: Callable[[], Path], *, compress: bool = True, delta: bool = True
    ) -> None:
        """`scratch` gives a folder for temporary files, on the same file system as a local backend.

        With `delta`, chunks of a file may be stored as differences to those of a file it grew out of; never without
        `compress`.
        """
        self.backend = backend
        self._scratch = scratch
        self._compress = compress
        self._delta = delta and compress
        self._view = IndexView(backend)
        self._chunks = ChunkReader(backend, self._view)

    @classmethod
    def open(
        cls, folder: Path, session: Session, *, compress: bool = True, delta: bool = True
    ) -> ObjectStore:
        """The store in a folder of the disk, `.aidb/store`."""
        backend = LocalBackend(folder, session.scratch)
        return cls(backend, session.scratch, compress=compress, delta=delta)

    def read_chunk(self, id_: ObjectId) -> bytes:
        """One chunk, verified. Raises MissingObjectError, DamagedObjectError, StorageError."""
        return self._chunks.read(id_)

    def read_chunks(self, ids: Sequence[ObjectId]) -> Iterator[tuple[int, Bytes]]:
        """Many chunks, verified: (position in `ids`, bytes), in the order they lie on disk.

        Neighbours share one read. The bytes may be a view of it: do not keep them longer than needed.
        """
        return self._chunks.read_many(ids)

    def contains(self, ids: Sequence[ObjectId]) -> list[bool]:
        """Which of these chunks are stored, as far as this process has looked (`refresh` looks again)."""
        return contains(self._view.segments, ids)

    def search(self, ids: Sequence[ObjectId]) -> None:
        """Look again for chunks that seemed to be missing; what is in quarantine comes back."""
        self._view.search(ids)

    def refresh(self) -> None:
        """Look again what others have added or removed."""
        self._view.refresh()

    def resolve_prefix(self, prefix: str, limit: int = 100) -> list[ObjectId]:
        """Chunks whose id begins with these hexadecimal digits (at least 4), sorted, at most `limit`."""
        if not 4 <= len(prefix) <= 64 or not set(prefix.lower()) <= set("0123456789abcdef"):
            raise InvalidNameError(
                f"{prefix!r} is not the beginning of an id: 4 to 64 hexadecimal digits are expected"
            )
        lowest = ObjectId(bytes.fromhex(prefix.ljust(64, "0")))
        highest = ObjectId(bytes.fromhex(prefix.ljust(64, "f")))
        found: set[ObjectId] = set()
        for segment in self._view.segments:
            for id_ in segment.with_prefix(lowest, highest):
                found.add(id_)
                if len(found) > 10 * limit:
                    break
        return sorted(found)[:limit]

    def open_blob(self, blob: Blob) -> BlobReader:
        """A blob as a seekable stream."""
        return BlobReader(self._chunks, blob)

    def read_blob(self, blob: Blob) -> bytes:
        """A whole blob in memory."""
        if blob.recipe is None:
            return read_only_chunk(self._chunks, blob)
        with self.open_blob(blob) as reader:
            return reader.readall()

    def read_blobs(self, blobs: Sequence[Blob]) -> Iterator[tuple[int, bytes]]:
        """Many whole blobs: (position in `blobs`, content), in the order they lie on disk."""
        from aidb.store.many_blobs import read_blobs

        return read_blobs(self._chunks, blobs)

    def copy_blob(self, blob: Blob, fd: int) -> None:
        """Write a blob to a file opened for writing, from offset 0; the file is cut to the blob's size."""
        from aidb.store.blob_copy import copy_blob

        copy_blob(self._chunks, blob, fd)

    def chunk_ids(self, blob: Blob) -> Iterator[ObjectId]:
        """The ids of every chunk a blob needs: its recipes, if any, then its content in order."""
        if blob.recipe is None:
            yield blob.id
            return
        tree = RecipeTree(self._chunks.read, blob)
        yield from tree.nodes(blob.recipe)
        for leaf in tree.leaves():
            yield from leaf.recipe.ids

    def content_chunks(self, blob: Blob) -> Iterator[tuple[ObjectId, int]]:
        """The ids and sizes of the chunks that a blob's bytes are in, in order."""
        if blob.recipe is None:
            yield blob.id, blob.size
            return
        for leaf in RecipeTree(self._chunks.read, blob).leaves():
            yield from zip(leaf.recipe.ids, leaf.recipe.sizes, strict=True)

    def writer(self) -> StoreWriter:
        """A writer; use it as a context manager."""
        from aidb.store.writer import StoreWriter

        # First of all be seen as a live session, then look what garbage collection has taken: in this order, it either
        # sees that somebody writes, or the writer sees what is gone.
        self._scratch()
        self._view.freshen()
        chunks = self._chunks if self._delta else None
        return StoreWriter(self.backend, self._view, self._scratch, chunks=chunks, compress=self._compress)

    def packs(self) -> list[PackId]:
        """Every pack that is known, including damaged ones."""
        return self._view.packs

    def mark_bases(self, marks: Marks) -> None:
        """Mark the chunks that needed ones are stored as differences to. Call it when all else is marked."""
        from aidb.store.garbage.bases import Bases

        Bases(self.backend, self._view).mark(marks)

    def plan_collection(self, marks: Marks, cutoff: float, threshold: float) -> Plan:
        """What to do with each pack. Also marks the bases of garbage that stays for now: whoever stores it again
        relies on it. See `make_plan`."""
        from aidb.store.garbage.bases import Bases
        from aidb.store.garbage.plan import make_plan

        bases = Bases(self.backend, self._view)
        bases.mark(marks)
        plan = make_plan(self.backend, marks, cutoff, threshold)
        while bases.mark_staying(marks, {one.pack for one in plan.condemned}):
            plan = make_plan(self.backend, marks, cutoff, threshold)
        return plan

    def repair(self) -> Repair:
        """What replaces damaged packs by what is good of them."""
        from aidb.store.repair import Repair

        return Repair(self.backend, self._view, self._scratch)

    def marks(self, *, tolerant: bool = False) -> Marks:
        """Everything that is stored now, unmarked: the beginning of a garbage collection.

        `tolerant`: what is missing is remembered (`Marks.lost`) instead of raised.

        Raises DamagedObjectError or StorageError if a pack's index cannot be read: what is in it could not be judged.
        """
        from aidb.store.garbage.marks import Marks

        self._check_indexes()
        return Marks(self._view, tolerant=tolerant)

    def owners(self) -> Owners:
        """The same, to find out what each of many needs alone."""
        from aidb.store.garbage.owners import Owners

        self._check_indexes()
        return Owners(self._view)

    def _check_indexes(self) -> None:
        from aidb.store.packs.pack_reader import read_index

        self._view.refresh()
        self._view.distrust()
        if damaged := self._view.damaged:
            for pack in damaged:
                try:
                    read_index(self.backend, pack)
                except IntegrityError as error:
                    raise type(error)(f"pack {pack}: {error.message}", hints=error.hints) from error
            self._view.refresh()  # it was bad for a moment only

    def mark_recipes(self, marks: Marks, recipes: Sequence[ObjectId]) -> None:
        """Mark recipes as needed, and all that they list. Raises IntegrityError."""
        from aidb.store.garbage.walking import mark_recipes

        mark_recipes(self._chunks, marks, recipes)

    def quarantined(self) -> list[Kept]:
        """The packs that garbage collections have set aside, the oldest first."""
        from aidb.store.quarantine import Quarantine

        return Quarantine(self.backend).packs()

    def collector(self) -> Collector:
        """What sets garbage aside, brings it back and removes it."""
        from aidb.store.garbage.collecting import Collector

        return Collector(self.backend, self._view, self._chunks, self._scratch)

    def dependencies(self, packs: Collection[PackId] | None = None) -> Iterator[Dependency]:
        """Which chunks can only be read with another: of every pack, or of these. See `aidb.store.dependencies`."""
        from aidb.store.dependencies import dependencies

        return dependencies(self.backend, self._view, packs)

    def fsck(self, progress: Progress | None = None) -> Iterator[Damage]:
        """Re-hash everything and cross-check every pack; yields what is wrong. See `aidb.store.fsck`."""
        from aidb.progress import SILENT
        from aidb.store.fsck import check_store

        return check_store(self.backend, self._view, progress or SILENT)

    def usage(self) -> StoreUsage:
        """How many packs, chunks and bytes there are, by kind and codec."""
        from aidb.store.usage import measure

        return measure(self._view)

    def close(self) -> None:
        """Let go of open files. The store can still be used."""
        self.backend.close()

    def __enter__(self) -> ObjectStore:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<ObjectStore on {type(self.backend).__name__}>"
