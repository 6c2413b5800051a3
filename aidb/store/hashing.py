"""BLAKE3-256, the one hash of the store: `b3sum` prints the same ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blake3 import blake3

from aidb.types import ObjectId

if TYPE_CHECKING:
    Bytes = bytes | bytearray | memoryview


_spare: list[blake3] = []
"""Hashers that nobody uses: to make one takes longer than to hash a small file."""


def hash_bytes(data: Bytes) -> ObjectId:
    """The id of some bytes. Releases the GIL for all but the smallest."""
    try:
        hasher = _spare.pop()
    except IndexError:
        hasher = blake3()
    hasher.update(data)
    digest = hasher.digest()
    hasher.reset()
    _spare.append(hasher)
    return digest  # type: ignore[return-value]  # a call of ObjectId for each chunk would be felt


class StreamHash:
    """The id of bytes that come in pieces."""

    def __init__(self) -> None:
        self._state = blake3()

    def update(self, data: Bytes) -> None:
        self._state.update(data)

    def id(self) -> ObjectId:
        return ObjectId(self._state.digest())
