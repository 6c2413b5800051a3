"""A backend that fails on purpose, around another one: for tests of everything that must survive a bad day.

backend = FaultyBackend(MemoryBackend(), fail_at(3, OSError(errno.ENOSPC, "no space left on device")))
backend = FaultyBackend(inner, damage=flip_bit("packs/", 1000))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from aidb.files import storage_errors
from aidb.store.backends.base import Backend, Stored


class Call(NamedTuple):
    """One call about to be passed on: the method's name, the key, and how many calls came before it."""

    operation: str
    key: str
    number: int


Plan = Callable[[Call], None]
"""Called before each operation; raising makes it fail."""

Damaging = Callable[[str, int, bytes], bytes]
"""Key, start and bytes of a read → the bytes to hand out instead."""


def never(_call: Call) -> None:
    """The plan of a good day."""


def fail_at(number: int, error: BaseException, *operations: str) -> Plan:
    """Fail the call `number` (from 0) among `operations` (all, if none is named), once."""
    seen = 0

    def plan(call: Call) -> None:
        nonlocal seen
        if operations and call.operation not in operations:
            return
        seen += 1
        if seen == number + 1:
            raise error

    return plan


def fail_always(error: BaseException, *operations: str) -> Plan:
    """Fail every call of `operations`."""

    def plan(call: Call) -> None:
        if call.operation in operations:
            raise error

    return plan


def flip_bit(prefix: str, position: int) -> Damaging:
    """Flip the lowest bit of the byte at `position` in every object whose key begins with `prefix`."""

    def damage(key: str, start: int, data: bytes) -> bytes:
        at = position - start
        if not key.startswith(prefix) or not 0 <= at < len(data):
            return data
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return damage


def _intact(_key: str, _start: int, data: bytes) -> bytes:
    return data


class FaultyBackend(Backend):
    """Passes every call on to `inner`, unless the plan raises; what is read may be damaged on the way."""

    def __init__(self, inner: Backend, plan: Plan = never, damage: Damaging = _intact) -> None:
        self._inner = inner
        self._plan = plan
        self._damage = damage
        self.calls: list[Call] = []

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        self._before("get", key)
        return self._damage(key, start, self._inner.get(key, start, length))

    def read_range(self, key: str, start: int, length: int) -> bytes:
        self._before("get", key)
        return self._damage(key, start, self._inner.read_range(key, start, length))

    def announce(self, key: str, start: int, length: int) -> None:
        self._inner.announce(key, start, length)

    def map(self, key: str) -> memoryview:
        return memoryview(self.get(key))

    def put(self, key: str, source: bytes | Path) -> bool:
        self._before("put", key)
        return self._inner.put(key, source)

    def sync(self) -> None:
        self._before("sync", "")
        self._inner.sync()

    def list(self, prefix: str = "") -> Iterator[Stored]:
        self._before("list", prefix)
        return self._inner.list(prefix)

    def keys(self, prefix: str) -> Sequence[str]:
        self._before("list", prefix)
        return self._inner.keys(prefix)

    def size(self, key: str) -> int | None:
        self._before("size", key)
        return self._inner.size(key)

    def delete(self, key: str) -> None:
        self._before("delete", key)
        self._inner.delete(key)

    def compare_and_swap(self, key: str, expected: bytes | None, new: bytes | None) -> bool:
        self._before("compare_and_swap", key)
        return self._inner.compare_and_swap(key, expected, new)

    def move(self, key: str, to: str) -> bool:
        self._before("move", key)
        return self._inner.move(key, to)

    def touch(self, key: str) -> bool:
        self._before("touch", key)
        return self._inner.touch(key)

    def close(self) -> None:
        self._inner.close()

    def _before(self, operation: str, key: str) -> None:
        call = Call(operation, key, len(self.calls))
        self.calls.append(call)
        with storage_errors(f"{operation} of {key}"):
            self._plan(call)
