"""Recipes: the list of a large blob's chunks, itself stored as chunks in META packs. Byte table: `docs/spec/recipe.md`.

A recipe of level 0 lists chunks; one of level n lists recipes of level n-1. Each holds at most `FANOUT` parts, so that
a blob of any size is written and read with a few of them in memory. Levels strictly decrease, so a recipe cannot
contain itself.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from aidb.errors import DamagedObjectError
from aidb.store.codecs import MAX_RAW
from aidb.types import ID_SIZE, Blob, ObjectId

MAGIC = b"aidbrcpe"
VERSION = 1
FANOUT = 16_384
MAX_LEVEL = 4
_HEADER = struct.Struct("<8sHBBIQ32s8x")
_RESERVED = 8
_WIDTH = ID_SIZE + 8


class Recipe(NamedTuple):
    """One node: ids and sizes of its parts, in order. `blob` is the whole blob's id, zeros below the root."""

    level: int
    chunker: int
    blob: ObjectId
    size: int
    ids: Sequence[ObjectId]
    sizes: Sequence[int]

    def starts(self) -> list[int]:
        """Offset of every part, and the end."""
        return list(accumulate(self.sizes, initial=0))


def encode_recipe(recipe: Recipe) -> bytes:
    """The bytes of a recipe node."""
    count = len(recipe.ids)
    head = _HEADER.pack(MAGIC, VERSION, recipe.level, recipe.chunker, count, recipe.size, recipe.blob)
    return head + b"".join(recipe.ids) + struct.pack(f"<{count}Q", *recipe.sizes)


def decode_recipe(data: bytes | bytearray | memoryview) -> Recipe:
    """Read a recipe node. Raises DamagedObjectError for anything no writer writes."""
    if len(data) < _HEADER.size:
        raise DamagedObjectError("a recipe is cut off")
    magic, version, level, chunker, count, size, blob = _HEADER.unpack_from(data)
    known = magic == MAGIC and version == VERSION and not any(data[_HEADER.size - _RESERVED : _HEADER.size])
    if not known or level > MAX_LEVEL or not 1 <= count <= FANOUT:
        raise DamagedObjectError("a recipe has a damaged header")
    if len(data) != _HEADER.size + count * _WIDTH:
        raise DamagedObjectError("a recipe's length does not fit its count")
    sizes = struct.unpack_from(f"<{count}Q", data, _HEADER.size + count * ID_SIZE)
    largest = MAX_RAW if level == 0 else MAX_RAW * FANOUT**level
    if sum(sizes) != size or min(sizes) < 1 or max(sizes) > largest:
        raise DamagedObjectError("a recipe's sizes do not add up")
    table = bytes(data[_HEADER.size : _HEADER.size + count * ID_SIZE])
    ids = [ObjectId(table[at : at + ID_SIZE]) for at in range(0, len(table), ID_SIZE)]
    return Recipe(level, chunker, ObjectId(blob), size, ids, sizes)


class _Level:
    """Parts that wait for their recipe."""

    def __init__(self) -> None:
        self.ids: list[ObjectId] = []
        self.sizes: list[int] = []


class RecipeBuilder:
    """Collects the chunks of a blob in order. The same chunks always give the same recipe."""

    def __init__(self, put: Callable[[bytes], ObjectId], chunker: int) -> None:
        """`put` stores a chunk of metadata."""
        self._put = put
        self._chunker = chunker
        self._levels = [_Level()]

    def add(self, id_: ObjectId, size: int) -> None:
        """The next chunk."""
        self._add(0, id_, size)

    def finish(self, blob: ObjectId) -> ObjectId:
        """Store what is left; the id of the root."""
        level = 0
        while level + 1 < len(self._levels):
            self._emit(level)
            level += 1
        return self._put(encode_recipe(self._node(level, blob)))

    @property
    def only_chunk(self) -> ObjectId | None:
        """The chunk, if there is just one: then the blob needs no recipe."""
        first = self._levels[0].ids
        return first[0] if len(first) == 1 and len(self._levels) == 1 else None

    def _add(self, level: int, id_: ObjectId, size: int) -> None:
        if level == len(self._levels):
            self._levels.append(_Level())
        parts = self._levels[level]
        if len(parts.ids) == FANOUT:
            self._emit(level)
            parts = self._levels[level]
        parts.ids.append(id_)
        parts.sizes.append(size)

    def _emit(self, level: int) -> None:
        node = self._node(level, ObjectId(bytes(ID_SIZE)))
        self._levels[level] = _Level()
        self._add(level + 1, self._put(encode_recipe(node)), node.size)

    def _node(self, level: int, blob: ObjectId) -> Recipe:
        parts = self._levels[level]
        return Recipe(level, self._chunker, blob, sum(parts.sizes), parts.ids, parts.sizes)


class Leaf(NamedTuple):
    """A recipe of level 0 and where its first byte is in the blob."""

    start: int
    recipe: Recipe


class RecipeTree:
    """The recipe of one blob, read node by node as it is needed."""

    def __init__(self, read: Callable[[ObjectId], bytes], blob: Blob) -> None:
        """`read` returns a verified chunk. Raises DamagedObjectError unless the recipe is this blob's."""
        if blob.recipe is None:
            raise DamagedObjectError(f"blob {blob.id.hex()} has no recipe")
        self._read = read
        self.root = _read_node(read, blob.recipe)
        if self.root.blob != blob.id or self.root.size != blob.size:
            raise DamagedObjectError(
                f"recipe {blob.recipe.hex()} belongs to another blob than {blob.id.hex()}"
            )

    def leaves(self) -> Iterator[Leaf]:
        """All leaves in order."""
        return self._leaves(self.root, 0)

    def leaf_at(self, offset: int) -> Leaf:
        """The leaf that holds the byte at `offset`, which must be inside the blob."""
        node, start = self.root, 0
        while node.level:
            starts = node.starts()
            part = bisect_right(starts, offset - start) - 1
            start += starts[part]
            node = self._child(node, part)
        return Leaf(start, node)

    def nodes(self, recipe: ObjectId) -> Iterator[ObjectId]:
        """The ids of all recipe chunks, the root first."""
        yield recipe
        if self.root.level:
            yield from self._nodes(self.root)

    def _nodes(self, node: Recipe) -> Iterator[ObjectId]:
        for part, id_ in enumerate(node.ids):
            yield id_
            if node.level > 1:
                yield from self._nodes(self._child(node, part))

    def _leaves(self, node: Recipe, start: int) -> Iterator[Leaf]:
        if not node.level:
            yield Leaf(start, node)
            return
        for part, size in enumerate(node.sizes):
            yield from self._leaves(self._child(node, part), start)
            start += size

    def _child(self, node: Recipe, part: int) -> Recipe:
        child = _read_node(self._read, node.ids[part])
        if child.level != node.level - 1 or child.size != node.sizes[part]:
            raise DamagedObjectError(f"recipe {node.ids[part].hex()} does not fit the recipe that lists it")
        return child


def _read_node(read: Callable[[ObjectId], bytes], id_: ObjectId) -> Recipe:
    try:
        return decode_recipe(read(id_))
    except DamagedObjectError as error:
        raise DamagedObjectError(f"recipe {id_.hex()}: {error.message}", hints=error.hints) from None
