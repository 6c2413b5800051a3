"""What a fuzz target is, and how one is run: any bytes, in bounded time, with no other error than aidb's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from aidb.errors import AidbError

SLOWEST = 1.0
"""Seconds that any input may take."""


class Target(NamedTuple):
    """A parser of bytes from disk. `seeds` are what its encoder makes, `run` raises for whatever must not be."""

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


class SlowError(AssertionError):
    """An input took too long."""


def run(target: Target, data: bytes) -> bool:
    """Run a target on some bytes; whether it could read them. Raises for what must not be."""
    began = time.process_time()
    try:
        target.run(data)
        message = None
    except AidbError as error:
        message = error.message
    took = time.process_time() - began
    if took > SLOWEST:
        raise SlowError(f"{target.name} took {took:.1f} s for {len(data)} bytes")
    assert message is None or "\n" not in message, "an error is one line"
    return message is None
