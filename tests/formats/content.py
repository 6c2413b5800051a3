"""What the kept repositories hold. Nothing here may change, or they could not be checked any more: it needs no other
module of the tests, and no random numbers but SHA-256.
"""

from __future__ import annotations

import json
from hashlib import sha256


def noise(size: int, seed: str) -> bytes:
    """Bytes that do not compress."""
    blocks = (sha256(f"{seed} {number}".encode()).digest() for number in range(size // 32 + 1))
    return b"".join(blocks)[:size]


def bfloat16(count: int, seed: str, step: int) -> bytes:
    """Numbers near 0.02 with random signs and mantissas; a step moves each by a few of its last places."""
    numbers = bytearray(noise(2 * count, seed))
    moves = noise(count, "moves")
    for at in range(count):
        numbers[2 * at] = (numbers[2 * at] & 0x7F) + (moves[at] & 0x0F) * step & 0xFF
        numbers[2 * at + 1] = 0x3C | numbers[2 * at + 1] & 0x80
    return bytes(numbers)


def checkpoint(step: int) -> bytes:
    """A safetensors file: a tensor of 68 KB, small ones, and the header's metadata."""
    tensors = {
        "weight": bfloat16(34_000, "weight", step),
        "bias": bfloat16(100, "bias", step),
        "scale": bytes(64),
    }
    header: dict[str, object] = {"__metadata__": {"step": str(step)}}
    offset = 0
    for name, data in tensors.items():
        header[name] = {
            "dtype": "BF16",
            "shape": [len(data) // 2],
            "data_offsets": [offset, offset + len(data)],
        }
        offset += len(data)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(tensors.values())


VERSIONS: list[dict[str, bytes]] = [
    {
        "README": b"A repository of long ago.\n" * 50,
        "noise.bin": noise(20_000, "noise"),
        "empty": b"",
        "models/model.safetensors": checkpoint(0),
    },
    {"README": b"A repository of long ago, changed.\n" * 50, "models/model.safetensors": checkpoint(1)},
    {
        "models/model.safetensors": checkpoint(2),
        **{f"many/{number:03}": b"%d" % number for number in range(150)},
    },
]
