"""Which codec for which chunk: decided by trying small samples, remembered per kind of file.

A *hint* is what likely looks alike: a file's suffix. The first chunk of a hint is sampled; the answer holds for the
next 256 KiB, then 512, and so on up to 16 MiB as long as samples agree, so that 100,000 photographs cost a few dozen
samples and 100,000 JSON files are all compressed. A chunk that then does not shrink enough is stored as it is, and the
next one is sampled again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aidb.store.codecs import Codec, encode

if TYPE_CHECKING:
    Bytes = bytes | bytearray | memoryview

_SAMPLE = 32 << 10
_FIRST_CREDIT = 256 << 10
_LARGEST_CREDIT = 16 << 20
_MAX_HINTS = 4096
_TOO_SMALL = 64
"""Bytes below which a zstd frame's own overhead eats what it saves."""

# A codec must save this share of a chunk to be worth the time on every write and read of it. Planes cost more time:
# a float32 checkpoint would save 15% and take twice as long, a bfloat16 one saves 30%.
_WORTH = {
    Codec.ZSTD: 0.12,
    Codec.PLANES2: 0.22,
    Codec.PLANES4: 0.22,
    Codec.PLANES8: 0.22,
}
# Sizes are compared after this factor, so that more planes must shrink clearly more to be preferred.
_HANDICAP = {Codec.ZSTD: 1.0, Codec.PLANES2: 1.03, Codec.PLANES4: 1.06, Codec.PLANES8: 1.1}
_MIN_FOR_PLANES = 4096


NODE_HINT = b"/node"
RECIPE_HINT = b"/recipe"
"""Compression hints that no file suffix can be."""


class _Guess:
    """What the last sample of one hint said, and for how many more bytes it is believed."""

    __slots__ = ("codec", "credit", "grant")

    def __init__(self) -> None:
        self.codec = Codec.RAW
        self.credit = 0
        self.grant = 0

    def learn(self, codec: Codec) -> None:
        agreed = self.grant and codec is self.codec
        self.grant = min(self.grant * 2, _LARGEST_CREDIT) if agreed else _FIRST_CREDIT
        self.codec = codec
        self.credit = self.grant


class CodecChooser:
    """Encodes chunks. Safe for threads: two that learn at once only sample twice."""

    def __init__(self, *, compress: bool = True) -> None:
        self.compresses = compress
        self._guesses: dict[bytes, _Guess] = {}

    def encode(self, data: Bytes, hint: bytes) -> tuple[Codec, Bytes]:
        """The codec chosen and the bytes to store."""
        if not self.compresses or len(data) < _TOO_SMALL:
            return Codec.RAW, data
        guess = self._guess(hint)
        guess.credit -= len(data)
        if guess.credit < 0:
            guess.learn(_best(data, hint))
        codec = guess.codec
        if codec is Codec.RAW:
            return codec, data
        stored = encode(codec, data)
        if _is_worth(codec, len(stored), len(data)):
            return codec, stored
        guess.credit = 0
        return Codec.RAW, data

    def _believes_raw(self, hint: bytes, size: int) -> bool:
        """Take the next `size` bytes of this hint as not worth compressing, if that is what is believed."""
        if not self.compresses:
            return True
        guess = self._guess(hint)
        if guess.codec is not Codec.RAW or guess.credit < size:
            return False
        guess.credit -= size
        return True

    def encode_all(self, data: Sequence[Bytes], hint: bytes) -> tuple[Sequence[int], Sequence[Bytes]]:
        """Encode chunks that share a hint: their codecs and the bytes to store."""
        if self._believes_raw(hint, sum(map(len, data))):
            return [Codec.RAW] * len(data), data
        encoded = [self.encode(piece, hint) for piece in data]
        return [codec for codec, _ in encoded], [stored for _, stored in encoded]

    def expected_share(self, data: Bytes, hint: bytes) -> float:
        """The share of its bytes that a chunk will likely take, by the codec that is believed in and a sample."""
        if not self.compresses:
            return 1.0
        guess = self._guess(hint)
        if not guess.grant:
            guess.learn(_best(data, hint))
        sample = sample_of(data)
        return min(1.0, len(encode(guess.codec, sample)) / len(sample))

    def _guess(self, hint: bytes) -> _Guess:
        guess = self._guesses.get(hint)
        if guess is None:
            key = hint if len(self._guesses) < _MAX_HINTS else b""
            guess = self._guesses.setdefault(key, _Guess())
        return guess


def _best(data: Bytes, hint: bytes) -> Codec:
    """The codec that saves most on a sample from the middle, if it saves enough. Only files may hold numbers."""
    sample = sample_of(data)
    may_be_numbers = len(sample) >= _MIN_FOR_PLANES and hint not in (NODE_HINT, RECIPE_HINT)
    candidates = list(_WORTH) if may_be_numbers else [Codec.ZSTD]
    sizes = {codec: len(encode(codec, sample)) for codec in candidates}
    worth = [codec for codec in candidates if _is_worth(codec, sizes[codec], len(sample))]
    return min(worth, key=lambda codec: sizes[codec] * _HANDICAP[codec], default=Codec.RAW)


def _is_worth(codec: Codec, stored: int, raw: int) -> bool:
    return stored <= (1 - _WORTH[codec]) * raw


def sample_of(data: Bytes) -> memoryview:
    """Some bytes from the middle, at the same place for chunks of the same length."""
    view = memoryview(data)
    if len(view) <= _SAMPLE:
        return view
    start = (len(view) - _SAMPLE) // 16 * 8
    return view[start : start + _SAMPLE]


def suffix_hint(path: bytes) -> bytes:
    """The hint for a file: its suffix in lower case, empty if it has none worth the name."""
    suffix = path[path.rfind(b".") + 1 :]
    return suffix.lower() if len(suffix) <= 16 and b"/" not in suffix else b""
