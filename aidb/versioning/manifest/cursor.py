"""A place in a tree: one subtree at any level, with ways down, across and back.

Everything that reads a manifest moves a cursor. Whatever it steps into is compared with what the parent says of it, so
that a tree of well-formed nodes that do not belong together is found out before any of its entries is used.
"""

from __future__ import annotations

from typing import NamedTuple

from aidb.errors import DamagedObjectError
from aidb.types import ObjectId
from aidb.versioning.manifest.node import END, Inner, Leaf, Subtree, common_ids
from aidb.versioning.manifest.nodes import NodeCache


class _Frame(NamedTuple):
    """An inner node on the way down, the child taken, and what comes after the node."""

    node: Inner
    at: int
    upper: bytes


class Cursor:
    """Begins at the root, which it knows only by its id; `node()` loads what it stands on."""

    __slots__ = ("_frames", "_nodes", "_root", "first", "here", "level", "upper")

    here: Subtree | None
    """What the parent says of this subtree; None at the root."""
    first: bytes
    """The first path of this subtree; empty at the root."""
    upper: bytes
    """The first path after this subtree, `END` if there is none."""
    level: int
    """0 for a leaf; -1 at a root that is not loaded yet."""

    def __init__(self, nodes: NodeCache, root: ObjectId) -> None:
        self._nodes = nodes
        self._root = root
        self.reset()

    def reset(self) -> None:
        """Go to the root."""
        self._frames: list[_Frame] = []
        self.here = None
        self.first = b""
        self.upper = END
        self.level = -1

    @property
    def id(self) -> ObjectId:
        return self._root if self.here is None else self.here.id

    def node(self) -> Leaf | Inner:
        """The node here. Raises DamagedObjectError if it is not what its parent says."""
        node = self._nodes.node(self.id)
        problem = _root_problem(node) if self.here is None else self._problem(node, self.here)
        if problem:
            raise DamagedObjectError(
                f"manifest node {self.id.hex()} {problem}",
                hints=("Run `aidb fsck` to see which versions are hit.",),
            )
        self.level = node.level
        return node

    def above_leaves(self) -> bool:
        """Whether this is an inner node. Loads nothing but the root."""
        if self.level < 0:
            self.node()
        return self.level > 0

    def leaf(self) -> Leaf:
        """The leaf here; only where `level` is 0."""
        node = self.node()
        assert isinstance(node, Leaf)
        return node

    def inner(self) -> Inner:
        """The inner node here; only where `level` is above 0."""
        node = self.node()
        assert isinstance(node, Inner)
        return node

    def down(self, path: bytes = b"") -> None:
        """Step into the child that holds `path`, or would; without one, into the first child."""
        node = self.inner()
        self._enter(node, node.child_for(path) if path else 0, self.upper)

    def down_to(self, child: int) -> None:
        """Step into a child by its number."""
        self._enter(self.inner(), child, self.upper)

    def across(self, steps: int = 1) -> bool:
        """Step to the next subtree, as high up as it begins. False if this was the last: then nothing comes after it.

        More steps than one pass over neighbours, of which there must be as many.
        """
        while self._frames:
            node, at, upper = self._frames.pop()
            if at + steps < len(node):
                self._enter(node, at + steps, upper)
                return True
            steps = 1
        self.first = self.upper = END
        return False

    def common(self, other: Cursor) -> int:
        """How many subtrees both cursors are about to step over that are the same in both trees."""
        if self.id != other.id:
            return 0
        if not (self._frames and other._frames):
            return 1
        (a, i, _), (b, k, _) = self._frames[-1], other._frames[-1]
        return common_ids(a.ids, b.ids, i, k)

    def seek(self, path: bytes, level: int) -> None:
        """Go to the node at `level` that holds `path`, or would."""
        self.reset()
        while self.node().level > level:
            self.down(path)

    def next_node(self) -> bool:
        """Step to the next node of the same level. False if this was the last."""
        level = self.level
        if not self.across():
            return False
        while self.level > level:
            self.down()
        return True

    def previous_node(self) -> bool:
        """Step to the node before this one on the same level. False, and nothing moves, if this is the first."""
        if not any(frame.at for frame in self._frames):
            return False
        level = self.level
        while self._frames[-1].at == 0:
            self._frames.pop()
        node, at, upper = self._frames.pop()
        self._enter(node, at - 1, upper)
        while self.level > level:
            inner = self.inner()
            self._enter(inner, len(inner) - 1, self.upper)
        return True

    def _enter(self, node: Inner, at: int, upper: bytes) -> None:
        self._frames.append(_Frame(node, at, upper))
        self.here = node.subtree(at)
        prefix, names = node.prefix, node.names
        self.first = prefix + names[at]
        self.upper = prefix + names[at + 1] if at + 1 < len(names) else upper
        self.level = node.level - 1

    def _problem(self, node: Leaf | Inner, said: Subtree) -> str | None:
        """What the node contradicts of what its parent says, or None."""
        if node.level != self.level:
            return f"is at level {node.level}, not {self.level}"
        if not len(node) or node.first != self.first:
            return "does not begin with the path that its parent says"
        if node.last >= self.upper:
            return "reaches into the next node"
        if node.total != said[1:]:
            return "does not hold the files and bytes that its parent says"
        return None


def _root_problem(node: Leaf | Inner) -> str | None:
    return "is a root with one child only" if node.level and len(node) == 1 else None
