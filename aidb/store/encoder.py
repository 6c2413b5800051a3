"""How a writer stores a chunk that has a base: as the difference to it where that is clearly shorter.

Whether it is, a sample tells before anything large is done; where it is not, the next chunks are not even tried, so a
training run that started anew costs little more than one without a base.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aidb.errors import IntegrityError, StorageError
from aidb.store.chunk_reader import ChunkReader
from aidb.store.deltas import MAX_DEPTH, Base, delta_codec, encode_delta
from aidb.store.sampling import CodecChooser, sample_of

if TYPE_CHECKING:
    Bytes = bytes | bytearray | memoryview

_WORTH = 0.1
"""A delta must save this share of what the chunk takes by itself: it is slower to write and to read."""
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
        return [encoded[place][0] for place in range(len(data))], [encoded[place][1] for place in range(len(data))]

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
        depths = chunks.depths([base.id for _, base in tried])
        usable = [
            (place, base, depth + 1)
            for (place, base), depth in zip(tried, depths, strict=True)
            if 0 <= depth < MAX_DEPTH
        ]
        try:
            for position, raw in chunks.read_many([base.id for _, base, _ in usable]):
                place, base, depth = usable[position]
                stored = self._delta(data[place], hint, base, raw)
                pause.learn(stored is not None)
                if stored is not None:
                    found[place] = delta_codec(depth), stored
        except (IntegrityError, StorageError):
            # An old version that is damaged must not keep a new one from being stored.
            pause.learn(False)
        return found

    def _delta(self, data: Bytes, hint: bytes, base: Base, raw: Bytes) -> Bytes | None:
        """The chunk as a delta, None unless it is worth it."""
        if len(raw) != len(data):
            return None
        limit = (1 - _WORTH) * self._chooser.expected_share(data, hint)
        sample = sample_of(data)
        if len(encode_delta(sample, base, sample_of(raw))) > limit * len(sample):
            return None
        stored = encode_delta(data, base, raw)
        return stored if len(stored) <= limit * len(data) else None


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
