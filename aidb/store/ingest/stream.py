"""One file or stream of any size: read window by window, cut in the reading thread, hashed and stored by workers.

Each window's unfinished tail is copied to the front of the next, so cuts do not depend on the windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from aidb.store.chunking.cutter import Chunker, Cutter
from aidb.store.chunking.safetensors import tensor_sections
from aidb.store.chunking.sections import Sections
from aidb.store.deltas import Base
from aidb.store.hashing import StreamHash, hash_bytes
from aidb.store.packs.layout import PackKind
from aidb.store.recipes import RecipeBuilder
from aidb.types import Blob, ObjectId

if TYPE_CHECKING:
    from aidb.store.ingest.bases import BaseFinder
    from aidb.store.writer import StoreWriter

WINDOW = 8 << 20

Reader = Callable[[memoryview], int]
"""Fills a buffer from its start; how many bytes it got, 0 only at the end."""


class Window(NamedTuple):
    """A piece of a stream: the chunks that end in `buffer`, and the new bytes for the hash of the whole."""

    buffer: bytearray
    offset: int
    ends: list[int]
    fresh: slice
    last: bool
    hints: Sequence[bytes] = ()
    bases: Sequence[Base | None] = ()


class Windows:
    """Cuts a stream into windows; `sections` and `chunker` are known with the first of them."""

    def __init__(self, read: Reader, buffers: Callable[[], bytearray]) -> None:
        self._read, self._buffers = read, buffers
        self.sections = Sections()
        self.chunker = Chunker.FASTCDC

    def __iter__(self) -> Iterator[Window]:
        cutter: Cutter | None = None
        buffer, carried, offset, last = self._buffers(), 0, 0, False
        while not last:
            view = memoryview(buffer)
            filled, last = _fill(self._read, view, carried)
            if cutter is None:
                self.sections = tensor_sections(view[:filled])
                cutter = Cutter(self.sections)
                self.chunker = cutter.chunker
            ends = cutter.cut(view[:filled], offset, last=last)
            done = ends[-1] if ends else 0
            window = Window(buffer, offset, ends, slice(carried, filled), last)
            if not last:
                buffer = self._buffers()
                buffer[: filled - done] = view[done:filled]
            carried, offset = filled - done, offset + done
            yield window


def cut_stream(read: Reader) -> Iterator[tuple[ObjectId, int]]:
    """The ids and sizes of the chunks that a stream would be stored as. Stores nothing."""
    for window in Windows(read, lambda: bytearray(WINDOW)):
        start = 0
        for end in window.ends:
            yield hash_bytes(memoryview(window.buffer)[start:end]), end - start
            start = end


class StreamState:
    """What is known of a stream so far."""

    def __init__(self, writer: StoreWriter, hint: bytes, bases: BaseFinder | None) -> None:
        self._writer = writer
        self._hint = hint
        self._bases = bases
        self._hash = StreamHash()
        self._recipe: RecipeBuilder | None = None
        self._size = 0
        self._sections = Sections()
        self._chunker = Chunker.FASTCDC

    def windows(self, read: Reader, buffers: Callable[[], bytearray]) -> Iterator[Window]:
        """Read to the end. `buffers` gives a buffer of WINDOW bytes that nobody else uses."""
        windows = Windows(read, buffers)
        for window in windows:
            self._sections, self._chunker = windows.sections, windows.chunker
            hints, bases = self._outlook(window.offset, window.ends)
            yield window._replace(hints=hints, bases=bases)

    def _outlook(self, offset: int, ends: list[int]) -> tuple[list[bytes], list[Base | None]]:
        """For every chunk of a window, what helps to choose its compression, and its base if it may have one."""
        hints: list[bytes] = []
        bases: list[Base | None] = []
        for start, end in zip([0, *ends], ends, strict=False):
            section = self._sections.at(offset + start)
            hints.append(self._hint if section is None else section.hint)
            if section is None or self._bases is None:
                bases.append(None)
            else:
                bases.append(self._bases.find(section, offset + start, end - start))
        return hints, bases

    def store(self, window: Window) -> list[tuple[ObjectId, int]]:
        """Hash and store the chunks of a window (in a worker thread); their ids and sizes."""
        view = memoryview(window.buffer)
        pieces = [view[start:end] for start, end in zip([0, *window.ends], window.ends, strict=False)]
        ids = [hash_bytes(piece) for piece in pieces]
        self._writer.store_chunks(PackKind.DATA, ids, pieces, window.hints, window.bases)
        return [(id_, len(piece)) for id_, piece in zip(ids, pieces, strict=True)]

    def update_hash(self, window: Window) -> None:
        """Continue the hash of the whole (in one thread, window after window)."""
        self._hash.update(memoryview(window.buffer)[window.fresh])

    def add(self, chunks: list[tuple[ObjectId, int]]) -> None:
        """The chunks of the next window, in order."""
        for id_, size in chunks:
            self._size += size
            self._recipe_builder().add(id_, size)

    def finish(self) -> Blob:
        """The blob, after the last window was added and hashed."""
        if not self._size:
            return Blob(self._writer.put_chunk(b""), 0, None)
        recipe = self._recipe_builder()
        if recipe.only_chunk is not None:
            return Blob(recipe.only_chunk, self._size, None)
        id_ = self._hash.id()
        return Blob(id_, self._size, recipe.finish(id_))

    def _recipe_builder(self) -> RecipeBuilder:
        if self._recipe is None:
            self._recipe = RecipeBuilder(self._writer.put_recipe, self._chunker)
        return self._recipe


def _fill(read: Reader, view: memoryview, filled: int) -> tuple[int, bool]:
    """Fill the window; how far, and whether the stream ended."""
    while filled < len(view):
        count = read(view[filled:])
        if not count:
            return filled, True
        filled += count
    return filled, False
