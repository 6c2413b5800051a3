"""Announcements: made while reads have to fetch, each once and before its read, and never otherwise."""

from __future__ import annotations

from itertools import count

from aidb.store.backends.memory import MemoryBackend
from aidb.store.readahead import Range, Readahead


class _Noting(MemoryBackend):
    """Notes in which order ranges are announced and read."""

    def __init__(self) -> None:
        super().__init__()
        self.announced: list[int] = []
        self.early: list[bool] = []

    def announce(self, key: str, start: int, length: int) -> None:
        self.announced.append(start)

    def read_range(self, key: str, start: int, length: int) -> bytes:
        self.early.append(start in self.announced)
        return super().read_range(key, start, length)


def _backend() -> tuple[_Noting, list[Range]]:
    backend = _Noting()
    backend.put("packs/a", bytes(range(200)))
    return backend, [Range("packs/a", start, 1) for start in range(200)]


def test_nothing_is_announced_while_nothing_is_fetched() -> None:
    backend, ranges = _backend()
    reader = Readahead(backend, lambda: 0)
    for _ in range(2):
        assert b"".join(reader.read(ranges)) == bytes(range(200))
    assert backend.announced == []


def test_what_comes_next_is_announced_once() -> None:
    backend, ranges = _backend()
    reader = Readahead(backend, count().__next__)
    assert b"".join(reader.read(ranges)) == bytes(range(200))
    assert backend.announced == list(range(32, 200))
    assert backend.early == [False] * 32 + [True] * 168
    backend.announced.clear()
    list(reader.read(ranges[:3]))
    assert backend.announced == [0, 1, 2]


def test_a_range_that_cannot_be_read_is_empty() -> None:
    backend, ranges = _backend()
    assert list(Readahead(backend).read([Range("packs/none", 0, 5), ranges[7]])) == [b"", b"\7"]
