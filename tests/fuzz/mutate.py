"""Damage for the short run: what fuzzers do, without coverage, the same at every run."""

from __future__ import annotations

import random

_NUMBERS = [
    0,
    1,
    2,
    *(number for bits in (7, 8, 16, 31, 32, 63, 64) for number in ((1 << bits) - 1, 1 << bits)),
]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """`data` with one to four pieces of damage."""
    result = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        chance.choice((_flip, _number, _cut, _repeat, _insert, _digit))(result, chance)
    return bytes(result)


def _place(data: bytearray, chance: random.Random) -> int:
    return chance.randrange(len(data) + 1)


def _flip(data: bytearray, chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _number(data: bytearray, chance: random.Random) -> None:
    """A length or count that lies."""
    width, at = chance.choice((1, 2, 4, 8)), _place(data, chance)
    number = chance.choice(_NUMBERS) & ((1 << 8 * width) - 1)
    data[at : at + width] = number.to_bytes(width, "little")


def _cut(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    del data[at : at + chance.choice((1, 8, len(data)))]


def _repeat(data: bytearray, chance: random.Random) -> None:
    at, end = sorted((_place(data, chance), _place(data, chance)))
    data[at:at] = data[at : min(end, at + 256)]


def _insert(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at:at] = chance.randbytes(chance.randint(1, 8))


def _digit(data: bytearray, chance: random.Random) -> None:
    """Another digit, for numbers in texts."""
    digits = [at for at, byte in enumerate(data) if 48 <= byte <= 57]
    if digits:
        data[chance.choice(digits)] = chance.choice(b"0123456789-")
