"""Where nodes end: the rule that gives one content one tree, whatever the order of edits.

A node ends before a path whose own hash says so, so a boundary depends on nothing but the paths around it and a changed
value never moves one. CRC-32 alone is linear: numbered names would put their boundaries at regular places or nowhere.
Its remainder by a prime for which 2 is a primitive root is not; gaps between boundaries of numbered, nested, padded and
hexadecimal names are then as those of random names (`tests/versioning/manifest/test_shape.py` measures it).

Not promised: resistance against somebody who chooses paths to avoid or to hit boundaries. No unkeyed hash gives that.
Such paths get nodes of the smallest or largest size allowed here, slower edits, and still one tree for one content.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import repeat
from zlib import crc32

from aidb.types import MAX_PATH


@dataclass(frozen=True, slots=True)
class LevelShape:
    """How the nodes of one level are cut, in items."""

    modulus: int
    """One path in so many ends a node; a prime with 2 as primitive root mixes best."""
    least: int
    """A hash ends no node smaller than this."""
    most: int
    """A node of this many items ends, whatever the hash says."""

    def __post_init__(self) -> None:
        if self.modulus < 2 or self.least < 1 or self.most < max(2, self.least):
            raise ValueError(f"no tree can have this shape: {self}")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a whole tree is cut. Two trees are comparable node by node only if they have the same shape."""

    leaf: LevelShape
    inner: LevelShape
    path_bytes: int
    """A node ends before its paths exceed this many bytes together."""

    def __post_init__(self) -> None:
        if self.inner.least < 2 or self.path_bytes < 2 * MAX_PATH:
            raise ValueError("inner nodes of one child would make a tree without end")

    def level(self, level: int) -> LevelShape:
        """The shape of leaves (level 0) or of the inner nodes above them."""
        return self.inner if level else self.leaf


PRODUCTION = Shape(LevelShape(83, 12, 1024), LevelShape(61, 8, 512), 256 * 1024)
"""The shape of every repository: part of the format (`docs/spec/manifest.md`), never to be changed."""


def boundaries(paths: Iterable[bytes], level: int, modulus: int) -> list[int]:
    """The positions of `paths` whose hash ends the node before them, at `level`."""
    return [at for at, crc in enumerate(map(crc32, paths, repeat(level))) if not crc % modulus]


def is_boundary(path: bytes, level: int, modulus: int) -> bool:
    """Whether the hash of `path` ends the node before it, at `level`."""
    return not crc32(path, level) % modulus
