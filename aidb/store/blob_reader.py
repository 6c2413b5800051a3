"""A blob as a seekable, read-only binary stream. Wrap it in `io.BufferedReader` for small reads.

Only the part being read is held: one leaf of the recipe and the few MiB of chunks that were fetched last. A read
fetches the chunks it touches, together, as neighbours in a file are neighbours in a pack; when one read follows the
other, it fetches more and more at once and, in other threads, what will be wanted next. Every chunk is verified before
a byte of it is returned.
"""

from __future__ import annotations

import io
import os
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import DamagedObjectError, InvalidInputError
from aidb.store.chunk_reader import ChunkReader
from aidb.store.recipes import Leaf, RecipeTree
from aidb.types import Blob, ObjectId

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    Bytes = bytes | bytearray | memoryview

STRETCH = 4 << 20
"""Most bytes fetched at once, unless a read asks for more."""
_FIRST_REACH = 256 << 10
"""What is fetched beyond a read that follows another; twice as much for each one more."""
_AHEAD = 2
"""Stretches on their way while a blob is read from end to end."""
_SHARED = 512 << 10
"""Bytes of which two threads take a half each."""
_FEW = 8
"""So many chunks are read one by one."""
_HELD = 2 << 20
"""Bytes of verified chunks that are kept for reads nearby."""


class _Parts(NamedTuple):
    """Chunks that follow each other in the blob, from the byte `start` up to `end`."""

    start: int
    end: int
    ids: list[ObjectId]
    sizes: list[int]


class BlobReader(io.RawIOBase):
    """Reads one blob. Not safe for threads; open it twice instead."""

    def __init__(self, chunks: ChunkReader, blob: Blob) -> None:
        """Raises MissingObjectError or DamagedObjectError if the recipe cannot be read."""
        super().__init__()
        self.blob = blob
        self._chunks = chunks
        self._leaf: tuple[Leaf, list[int]] | None = None
        self._held: dict[int, Bytes] = {}
        self._held_bytes = 0
        self._coming: deque[tuple[_Parts, Future[list[Bytes]]]] = deque()
        self._position = 0
        self._reach = 0
        self._fetched_to = 0
        self._pid = 0
        self._tree = RecipeTree(chunks.read, blob) if blob.recipe is not None else None

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
        """Fill the buffer, except at the end of the blob."""
        self._check_open()
        target = memoryview(buffer).cast("B")
        filled = 0
        for piece in self._pieces(len(target)):
            target[filled : filled + len(piece)] = piece
            filled += len(piece)
        return filled

    def read(self, size: int | None = -1) -> bytes:
        """So many bytes, fewer only at the end of the blob."""
        self._check_open()
        left = max(0, self.blob.size - self._position)
        return b"".join(self._pieces(left if size is None or size < 0 else size))

    def readall(self) -> bytes:
        """Everything from here to the end."""
        return self.read()

    def close(self) -> None:
        self._forget_coming()
        self._held = {}
        self._leaf = None
        super().close()

    def _check_open(self) -> None:
        if self.closed:
            raise InvalidInputError("the blob reader is closed")

    def _pieces(self, size: int) -> Iterator[memoryview]:
        """The next bytes, chunk by chunk. Memory is taken for bytes that are there, not for those a recipe claims."""
        end = min(self._position + size, self.blob.size)
        while self._position < end:
            start, data = self._chunk_at(self._position, end)
            piece = memoryview(data)[self._position - start : end - start]
            self._position += len(piece)
            yield piece

    def _chunk_at(self, offset: int, end: int) -> tuple[int, Bytes]:
        """The chunk that holds the byte at `offset`, and where it starts; what is wanted is known up to `end`."""
        if self._tree is None:
            if not self._held:
                self._held[0] = read_only_chunk(self._chunks, self.blob)
            return 0, self._held[0]
        leaf, starts = self._leaf_at(self._tree, offset)
        start = leaf.start + starts[bisect_right(starts, offset - leaf.start) - 1]
        if start not in self._held:
            self._fetch(start, end)
        return start, self._held[start]

    def _leaf_at(self, tree: RecipeTree, offset: int) -> tuple[Leaf, list[int]]:
        if self._leaf is None or not 0 <= offset - self._leaf[0].start < self._leaf[0].recipe.size:
            leaf = tree.leaf_at(offset)
            self._leaf = leaf, leaf.recipe.starts()
        return self._leaf

    def _fetch(self, start: int, end: int) -> None:
        """Get the chunk that begins at `start`, those up to `end` and, where one read follows the other, more."""
        if start == self._fetched_to:
            self._reach = min(STRETCH, 2 * self._reach or _FIRST_REACH)
        else:
            self._reach = 0
            self._forget_coming()
        if self._coming and self._pid != os.getpid():
            self._coming.clear()  # after a fork, nobody works on them here
        if self._coming and self._coming[0][0].start == start:
            parts, future = self._coming.popleft()
            self._hold(parts, future.result())
        else:
            self._forget_coming()
            parts = self._parts(start, min(max(end, start + self._reach), start + STRETCH))
            self._hold(parts, self._read_by_two(parts))
        self._fetched_to = parts.end
        self._look_ahead(self.blob.size if self._reach == STRETCH else end)

    def _look_ahead(self, until: int) -> None:
        """Have the next stretches read and verified while the present one is being used."""
        self._pid = os.getpid()
        last = self._coming[-1][0].end if self._coming else self._fetched_to
        while len(self._coming) < _AHEAD and last < until:
            parts = self._parts(last, min(last + STRETCH, until))
            self._coming.append((parts, self._chunks.workers.submit(self._read, parts)))
            last = parts.end

    def _forget_coming(self) -> None:
        while self._coming:
            self._coming.pop()[1].cancel()

    def _parts(self, start: int, end: int) -> _Parts:
        """The chunks from the one that begins at `start` to the one that holds the byte before `end`, in one leaf."""
        assert self._tree is not None
        leaf, starts = self._leaf_at(self._tree, start)
        first = bisect_left(starts, start - leaf.start)
        last = min(bisect_left(starts, end - leaf.start, first + 1), len(leaf.recipe.ids))
        recipe = leaf.recipe
        return _Parts(
            start, leaf.start + starts[last], list(recipe.ids[first:last]), list(recipe.sizes[first:last])
        )

    def _read_by_two(self, parts: _Parts) -> list[Bytes]:
        """Fetch and verify chunks. Another thread takes the second half if it is worth that one's waking up."""
        middle = bisect_left(list(accumulate(parts.sizes)), (parts.end - parts.start) // 2) + 1
        small = parts.end - parts.start < _SHARED or middle == len(parts.ids)
        if small or not self._chunks.are_alone(parts.ids):
            return self._read(parts)
        edge = parts.start + sum(parts.sizes[:middle])
        later = _Parts(edge, parts.end, parts.ids[middle:], parts.sizes[middle:])
        future = self._chunks.workers.submit(self._read, later)
        return (
            self._read(_Parts(parts.start, edge, parts.ids[:middle], parts.sizes[:middle])) + future.result()
        )

    def _read(self, parts: _Parts) -> list[Bytes]:
        found: list[Bytes] = [b""] * len(parts.ids)
        for position, data in self._each(parts.ids):
            if len(data) != parts.sizes[position]:
                raise wrong_length(parts.ids[position], self.blob)
            found[position] = data
        return found

    def _each(self, ids: Sequence[ObjectId]) -> Iterator[tuple[int, Bytes]]:
        """Chunks with their places in the question: a few one by one, for a plan would take longer than it saves."""
        if len(ids) <= _FEW and self._chunks.are_alone(ids):
            return enumerate(map(self._chunks.read, ids))
        return self._chunks.read_many(ids)

    def _hold(self, parts: _Parts, found: list[Bytes]) -> None:
        """Keep chunks, and let go of those fetched first: what was read together goes together, so memory goes, too."""
        start = parts.start
        for data in found:
            self._held_bytes += len(data) - len(self._held.pop(start, b""))
            self._held[start] = data
            start += len(data)
        while self._held_bytes > max(_HELD, parts.end - parts.start):
            self._held_bytes -= len(self._held.pop(next(iter(self._held))))


def read_only_chunk(chunks: ChunkReader, blob: Blob) -> bytes:
    """The content of a blob of one chunk. Raises DamagedObjectError if it is not as long as was recorded."""
    data = chunks.read(blob.id)
    if len(data) != blob.size:
        raise wrong_size(blob, len(data))
    return data


def wrong_size(blob: Blob, size: int) -> DamagedObjectError:
    """The only chunk of a blob is good, but not as long as was recorded: the record lies."""
    return DamagedObjectError(f"blob {blob.id.hex()} has {size} bytes where {blob.size} were recorded")


def wrong_length(chunk: ObjectId, blob: Blob) -> DamagedObjectError:
    """A chunk is good, but not as long as the recipe says: the recipe lies."""
    return DamagedObjectError(
        f"the recipe of blob {blob.id.hex()} gives a wrong length for chunk {chunk.hex()}"
    )
