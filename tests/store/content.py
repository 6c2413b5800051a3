"""Content to store: seeded, so that a failure can be seen again."""

from __future__ import annotations

import random

from aidb.store.hashing import hash_bytes
from aidb.types import ObjectId

KIB = 1 << 10
MIB = 1 << 20


def noise(size: int, seed: int = 0) -> bytes:
    """Bytes that do not compress."""
    return random.Random(seed).randbytes(size)


def prose(size: int, seed: int = 0) -> bytes:
    """Bytes that compress well, and have cuts."""
    chance = random.Random(seed)
    words = [b"the cat ", b"a dog ", b"no bird ", b"was here\n", b"%d, " % chance.randrange(1000)]
    return b"".join(chance.choices(words, k=size // 4 + 1))[:size]


def made_up_id(number: int) -> ObjectId:
    """An id that is no content's."""
    return hash_bytes(b"nothing has this content: %d" % number)
