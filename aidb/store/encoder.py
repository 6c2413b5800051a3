"""How a writer stores a chunk that has a base: as the difference to it, or to its base, where that is clearly shorter.

Whether it is, a sample tells before anything large is done; where it is not, the next chunks are not even tried, so a
training run that started anew costs little more than one without a base.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import IntegrityError, NotFoundError, StorageError
from aidb.store.chunk_reader import ChunkReader
from aidb.store.deltas import Base, delta_codec, encode_delta
from aidb.store.sampling import CodecChooser, sample_of
from aidb.types import ObjectId

if TYPE_CHECKING:
    Bytes = bytes | bytearray | memoryview

_WORTH = 0.1
"""A delta must save this share of what the chunk takes by itself: it is slower to write and to read."""
_MOST = 0.78
"""A delta must not take a larger share than this: what saves less is not worth the time, as with planes."""
_HALF = 0.5
"""A delta that takes this share of what the chunk takes by itself is good enough not to look for a better base."""
_NEARLY = 1.2
"""A base that lies less deep is preferred if the delta to it is at most this many times as long."""
_DEEPEST = 4
"""Reading a chunk takes one step for each of its depth. The format would allow twice as many."""
_SMALLEST = 4096
"""Chunks of fewer bytes save less than reading their bases costs."""
_LONGEST_PAUSE = 32


class Encoder:
    """Encodes chunks, some of which have bases. Safe for threads."""

    def __init__(self, chooser: CodecChooser, chunks: ChunkReader | None) -> None:
        """`chunks` reads the bases; without it there are no deltas."""
        self._chooser = chooser
        self._chunks = chunks
        self._pauses: dict[bytes, _Pause] = {}

    @property
    def compresses(self) -> bool:
        """Whether chunks may be compressed at all."""
        return self._chooser.compresses

    def encode_all(
        self, data: Sequence[Bytes], hint: bytes, bases: Sequence[Base | None]
    ) -> tuple[Sequence[int], Sequence[Bytes]]:
        """Encode chunks that share a hint: their codecs and the bytes to store. There may be no `bases` at all."""
        if self._chunks is None or not any(bases):
            return self._chooser.encode_all(data, hint)
        deltas = self._deltas(self._chunks, data, hint, bases)
        alone = [place for place in range(len(data)) if place not in deltas]
        codecs, stored = self._chooser.encode_all([data[place] for place in alone], hint)
        encoded = deltas | dict(zip(alone, zip(codecs, stored, strict=True), strict=True))
        in_order = [encoded[place] for place in range(len(data))]
        return [codec for codec, _ in in_order], [each for _, each in in_order]

    def _deltas(
        self, chunks: ChunkReader, data: Sequence[Bytes], hint: bytes, bases: Sequence[Base | None]
    ) -> dict[int, tuple[int, Bytes]]:
        """Codec and stored bytes of the chunks that are to be deltas, by their place."""
        pause = self._pauses.setdefault(hint, _Pause())
        found: dict[int, tuple[int, Bytes]] = {}
        tried = [
            (place, base)
            for place, base in enumerate(bases)
            if base is not None and len(data[place]) >= _SMALLEST and not pause.skips()
        ]
        try:
            lines = [_Line(base, *chunks.lineage(base.id)) for _, base in tried]
            for position, raw in chunks.read_many([line.far.id for line in lines]):
                place, line = tried[position][0], lines[position]
                encoded = self._delta(chunks, data[place], hint, line, raw)
                pause.learn(encoded is not None)
                if encoded is not None:
                    found[place] = encoded
        except (IntegrityError, NotFoundError, StorageError):
            # An old version that is damaged must not keep a new one from being stored.
            pause.learn(False)
        return found

    def _delta(
        self, chunks: ChunkReader, data: Bytes, hint: bytes, line: _Line, far: Bytes
    ) -> tuple[int, Bytes] | None:
        """Codec and stored bytes of a chunk as a delta, None unless it is worth it."""
        if len(far) != len(data):
            return None
        alone = self._chooser.expected_share(data, hint)
        base, raw, depth, share = line.far, far, max(1, line.depth), _share(data, line.far, far)
        if line.outer is not None and share > _HALF * alone:
            near = chunks.read(line.near.id)
            better = _share(data, line.near, near)
            if _NEARLY * better < share:
                base, raw, depth, share = line.near, near, line.depth + 1, better
        limit = min(_MOST, (1 - _WORTH) * alone)
        if share > limit or depth > _DEEPEST:
            return None
        stored = encode_delta(data, base, raw)
        return (delta_codec(depth), stored) if len(stored) <= limit * len(data) else None


class _Line(NamedTuple):
    """A chunk's base, how deep it lies, and what that is the difference to, if to anything."""

    near: Base
    depth: int
    outer: ObjectId | None

    @property
    def far(self) -> Base:
        """The base that lies less deep."""
        return self.near if self.outer is None else self.near._replace(id=self.outer)


def _share(data: Bytes, base: Base, raw: Bytes) -> float:
    """The share of its bytes that a sample of a chunk takes as the difference to a base."""
    sample = sample_of(data)
    return len(encode_delta(sample, base, sample_of(raw))) / len(sample)


class _Pause:
    """For how many more chunks of a hint no delta is tried, after some that were not worth it."""

    def __init__(self) -> None:
        self._left = 0
        self._next = 1

    def skips(self) -> bool:
        """Whether to pass over a chunk."""
        self._left -= 1
        return self._left >= 0

    def learn(self, worth: bool) -> None:
        """What trying a chunk has shown."""
        if worth:
            self._left, self._next = 0, 1
        else:
            self._left, self._next = self._next, min(2 * self._next, _LONGEST_PAUSE)
