"""Any file at all: where its bytes first differ, and how many of them both versions share by chunks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from aidb.inside.content import Content
from aidb.inside.explanation import Explanation, share
from aidb.notebook import human_bytes

_WINDOW = 1 << 20


@dataclass(frozen=True, slots=True)
class BytesDiff(Explanation):
    """Sizes, the offset of the first byte that differs (None: one is the beginning of the other, or they are equal),
    and the bytes of the new content that lie in chunks of the old one, too."""

    kind: ClassVar[str] = "bytes"
    size_before: int
    size_after: int
    first_difference: int | None
    bytes_shared: int

    def summary(self) -> str:
        if self.first_difference is None:
            grown = self.size_after - self.size_before
            word = "appended" if grown > 0 else "cut off at the end"
            return f"{human_bytes(abs(grown))} {word}" if grown else "no byte differs"
        where = f"first difference at byte {self.first_difference:,}"
        return f"{where}, {share(self.bytes_shared, self.size_after)} of the bytes shared"


def explain_bytes(old: Content, new: Content) -> BytesDiff:
    """Compare two files as bytes. Reads up to the first difference; if one is of the disk, once more to cut it."""
    return BytesDiff(old.size, new.size, _first_difference(old, new), _shared(old, new))


def _first_difference(old: Content, new: Content) -> int | None:
    offset = 0
    with old.open() as before, new.open() as after:
        while True:
            x, y = before.read(_WINDOW), after.read(_WINDOW)
            length = min(len(x), len(y))
            if x[:length] != y[:length]:
                return offset + next(at for at in range(length) if x[at] != y[at])
            if not length or len(x) != len(y):
                return None
            offset += length


def _shared(old: Content, new: Content) -> int:
    """A chunk counts as often as both sides hold it."""
    left = Counter(id_ for id_, _ in old.chunks())
    shared = 0
    for id_, size in new.chunks():
        if left[id_] > 0:
            left[id_] -= 1
            shared += size
    return shared
