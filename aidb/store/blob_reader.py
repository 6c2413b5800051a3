"""A blob as a seekable, read-only binary stream. Wrap it in `io.BufferedReader` for small reads.

Only the part being read is held: one leaf of the recipe and the chunks of one *stretch* (a few MiB, fetched together
because neighbours in a file are neighbours in a pack). Every chunk is verified before a byte of it is returned.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from typing import TYPE_CHECKING

from aidb.errors import DamagedObjectError, InvalidInputError
from aidb.store.chunk_reader import ChunkReader
from aidb.store.recipes import Leaf, RecipeTree
from aidb.types import Blob, ObjectId

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    Bytes = bytes | bytearray | memoryview

_STRETCH = 4 << 20


class BlobReader(io.RawIOBase):
    """Reads one blob. Not safe for threads; open it twice instead."""

    def __init__(self, chunks: ChunkReader, blob: Blob) -> None:
        """Raises MissingObjectError or DamagedObjectError if the recipe cannot be read."""
        super().__init__()
        self.blob = blob
        self._chunks = chunks
        self._tree = RecipeTree(chunks.read, blob) if blob.recipe is not None else None
        self._leaf: tuple[Leaf, list[int]] | None = None
        self._stretch: dict[int, Bytes] = {}
        self._position = 0
        self._sequential_from = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        self._check_open()
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._check_open()
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.blob.size}.get(whence)
        if base is None or base + offset < 0:
            raise InvalidInputError(f"cannot seek to {offset} from {whence}")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer as far as one chunk reaches; 0 at the end."""
        self._check_open()
        target = memoryview(buffer).cast("B")
        if self._position >= self.blob.size or not len(target):
            return 0
        start, data = self._chunk_at(self._position)
        piece = memoryview(data)[self._position - start :][: len(target)]
        target[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def readall(self) -> bytes:
        """Everything from here to the end."""
        self._check_open()
        pieces = []
        # Memory is taken for bytes that are there, not for those that a recipe may only claim.
        while self._position < self.blob.size:
            start, data = self._chunk_at(self._position)
            pieces.append(memoryview(data)[self._position - start :])
            self._position = start + len(data)
        return b"".join(pieces)

    def close(self) -> None:
        self._stretch.clear()
        self._leaf = None
        super().close()

    def _check_open(self) -> None:
        if self.closed:
            raise InvalidInputError("the blob reader is closed")

    def _chunk_at(self, offset: int) -> tuple[int, Bytes]:
        """The chunk that holds the byte at `offset`, and where it starts."""
        if self._tree is None:
            return 0, self._whole()
        leaf, starts = self._leaf_at(self._tree, offset)
        part = bisect_right(starts, offset - leaf.start) - 1
        start = leaf.start + starts[part]
        if start not in self._stretch:
            self._fetch(leaf, starts, part, offset)
        return start, self._stretch[start]

    def _whole(self) -> Bytes:
        """A blob of one chunk."""
        if 0 not in self._stretch:
            data = self._chunks.read(self.blob.id)
            if len(data) != self.blob.size:
                raise wrong_size(self.blob, len(data))
            self._stretch[0] = data
        return self._stretch[0]

    def _leaf_at(self, tree: RecipeTree, offset: int) -> tuple[Leaf, list[int]]:
        if self._leaf is None or not 0 <= offset - self._leaf[0].start < self._leaf[0].recipe.size:
            leaf = tree.leaf_at(offset)
            self._leaf = leaf, leaf.recipe.starts()
        return self._leaf

    def _fetch(self, leaf: Leaf, starts: list[int], part: int, offset: int) -> None:
        """Read the chunk, and the following ones too if the stream is being read from end to end."""
        first = leaf.start + starts[part]
        reach = _STRETCH if first == self._sequential_from else 0
        last = max(part + 1, bisect_right(starts, starts[part] + reach) - 1)
        ids = leaf.recipe.ids[part:last]
        self._stretch = {}
        for position, data in self._chunks.read_many(ids):
            if len(data) != leaf.recipe.sizes[part + position]:
                raise wrong_length(ids[position], self.blob)
            self._stretch[leaf.start + starts[part + position]] = data
        self._sequential_from = leaf.start + starts[last]


def wrong_size(blob: Blob, found: int) -> DamagedObjectError:
    """The content is good, but not as long as the manifest says: the manifest lies."""
    return DamagedObjectError(f"blob {blob.id.hex()} has {found} bytes where {blob.size} were recorded")


def wrong_length(chunk: ObjectId, blob: Blob) -> DamagedObjectError:
    """A chunk is good, but not as long as the recipe says: the recipe lies."""
    return DamagedObjectError(
        f"the recipe of blob {blob.id.hex()} gives a wrong length for chunk {chunk.hex()}"
    )
