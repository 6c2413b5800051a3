from __future__ import annotations

import errno

import pytest

from aidb.errors import StorageError
from aidb.store import FaultyBackend, MemoryBackend
from aidb.store.backends.faulty import fail_always, fail_at, flip_bit
from tests.store.backends.contract import BackendContract

FULL = OSError(errno.ENOSPC, "No space left on device")


class TestFaultyBackendOnAGoodDay(BackendContract):
    @pytest.fixture
    def backend(self) -> FaultyBackend:
        return FaultyBackend(MemoryBackend())


def test_the_chosen_call_fails() -> None:
    backend = FaultyBackend(MemoryBackend(), fail_at(1, FULL, "put"))
    backend.put("a", b"1")
    backend.get("a")
    with pytest.raises(StorageError) as caught:
        backend.put("b", b"2")
    assert caught.value.errno == errno.ENOSPC
    assert "free some disk space" in caught.value.hints[0].lower()
    assert backend.put("b", b"2")


def test_all_calls_of_a_kind_fail() -> None:
    backend = FaultyBackend(MemoryBackend(), fail_always(FULL, "sync"))
    backend.put("a", b"1")
    for _ in range(2):
        with pytest.raises(StorageError):
            backend.sync()


def test_bits_flip_whatever_range_is_read() -> None:
    backend = FaultyBackend(MemoryBackend(), damage=flip_bit("packs/", 5))
    backend.put("packs/a", b"aaaaaaaaaa")
    backend.put("other", b"aaaaaaaaaa")
    assert backend.get("packs/a") == b"aaaaa`aaaa"
    assert backend.read_range("packs/a", 4, 3) == b"a`a"
    assert backend.get("packs/a", 6) == b"aaaa"
    assert backend.get("other") == b"aaaaaaaaaa"


def test_calls_are_recorded() -> None:
    backend = FaultyBackend(MemoryBackend())
    backend.put("a", b"1")
    backend.get("a")
    assert [(call.operation, call.key) for call in backend.calls] == [("put", "a"), ("get", "a")]
