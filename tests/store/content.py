"""Content to store: seeded, so that a failure can be seen again."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

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


def weights(count: int, seed: int = 0, steps: int = 0, dtype: str = "BF16", move: float = 1e-4) -> bytes:
    """Numbers of a trained layer, after a few more steps of training: each moves a little with every one."""
    import numpy as np

    values = np.random.default_rng(seed).normal(0, 0.02, count).astype(np.float32)
    for step in range(steps):
        values += np.random.default_rng([seed, step]).normal(0, move, count).astype(np.float32)
    return (values.view(np.uint32) >> 16).astype(np.uint16).tobytes() if dtype == "BF16" else values.tobytes()


def checkpoint(tensors: Mapping[str, bytes], dtype: str = "BF16", **metadata: str) -> bytes:
    """A safetensors file, as its library writes it."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    offset = 0
    for name, data in tensors.items():
        header[name] = {"dtype": dtype, "shape": [len(data)], "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(tensors.values())


def made_up_id(number: int) -> ObjectId:
    """An id that is no content's."""
    return hash_bytes(b"nothing has this content: %d" % number)
