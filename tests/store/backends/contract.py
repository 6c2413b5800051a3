"""What every backend must do. A test module subclasses `BackendContract` and gives a `backend` fixture."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from aidb.errors import InvalidInputError, NotFoundError
from aidb.store import Backend


class BackendContract:
    """The same tests for a folder, a bucket and a server."""

    def test_put_and_get(self, backend: Backend) -> None:
        assert backend.put("packs/a.data", b"hello world")
        assert backend.get("packs/a.data") == b"hello world"
        assert backend.size("packs/a.data") == 11

    def test_put_consumes_a_file(self, backend: Backend, tmp_path: Path) -> None:
        source = tmp_path / "source"
        source.write_bytes(b"x" * 100_000)
        assert backend.put("packs/a.data", source)
        assert not source.exists()
        assert backend.get("packs/a.data") == b"x" * 100_000

    def test_put_never_replaces(self, backend: Backend, tmp_path: Path) -> None:
        assert backend.put("a", b"first")
        assert not backend.put("a", b"second")
        source = tmp_path / "source"
        source.write_bytes(b"third")
        assert not backend.put("a", source)
        assert not source.exists()
        assert backend.get("a") == b"first"

    def test_only_one_of_many_puts_wins(self, backend: Backend) -> None:
        won = []

        def put(number: int) -> None:
            if backend.put("packs/same", b"%d" % number):
                won.append(b"%d" % number)

        threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert won == [backend.get("packs/same")]

    def test_an_empty_object(self, backend: Backend) -> None:
        assert backend.put("empty", b"")
        assert backend.get("empty") == b""
        assert backend.size("empty") == 0
        assert bytes(backend.map("empty")) == b""

    @pytest.mark.parametrize(
        ("start", "length", "expected"),
        [
            (0, None, b"0123456789"),
            (3, None, b"3456789"),
            (3, 4, b"3456"),
            (8, 10, b"89"),
            (10, 5, b""),
            (50, 5, b""),
            (50, None, b""),
            (0, 0, b""),
        ],
    )
    def test_ranges(self, backend: Backend, start: int, length: int | None, expected: bytes) -> None:
        backend.put("a", b"0123456789")
        assert backend.get("a", start, length) == expected
        if length is not None:
            assert backend.read_range("a", start, length) == expected

    def test_a_negative_range_is_refused(self, backend: Backend) -> None:
        backend.put("a", b"0123456789")
        for start, length in ((-1, 5), (0, -1)):
            with pytest.raises(InvalidInputError):
                backend.get("a", start, length)

    def test_map(self, backend: Backend) -> None:
        backend.put("a", b"0123456789" * 1000)
        view = backend.map("a")
        backend.delete("a")
        assert bytes(view) == b"0123456789" * 1000

    def test_missing_objects(self, backend: Backend) -> None:
        for read in (backend.get, backend.map):
            with pytest.raises(NotFoundError):
                read("packs/none")
        with pytest.raises(NotFoundError):
            backend.read_range("packs/none", 0, 10)
        assert backend.size("packs/none") is None
        backend.delete("packs/none")

    def test_a_deleted_object_is_gone(self, backend: Backend) -> None:
        backend.put("packs/a", b"1")
        assert backend.read_range("packs/a", 0, 1) == b"1"
        backend.delete("packs/a")
        assert backend.size("packs/a") is None
        with pytest.raises(NotFoundError):
            backend.read_range("packs/a", 0, 1)
        assert backend.put("packs/a", b"2")
        assert backend.read_range("packs/a", 0, 1) == b"2"

    def test_list(self, backend: Backend) -> None:
        for key in ("packs/a.data", "packs/b.meta", "packs/deep/c", "indexes/x.idx", "top"):
            backend.put(key, key.encode())
        assert {stored.key for stored in backend.list()} == {
            "packs/a.data",
            "packs/b.meta",
            "packs/deep/c",
            "indexes/x.idx",
            "top",
        }
        assert {stored.key: stored.size for stored in backend.list("packs/")} == {
            "packs/a.data": 12,
            "packs/b.meta": 12,
            "packs/deep/c": 12,
        }
        assert [stored.key for stored in backend.list("packs/a")] == ["packs/a.data"]
        assert all(stored.modified > 1_700_000_000 for stored in backend.list())
        assert list(backend.list("none/")) == []

    def test_keys(self, backend: Backend) -> None:
        for number in range(10):
            backend.put(f"indexes/{number}.idx", b"")
        assert sorted(backend.keys("indexes/")) == [f"indexes/{number}.idx" for number in range(10)]
        assert list(backend.keys("none/")) == []

    def test_move(self, backend: Backend) -> None:
        backend.put("packs/a", b"1")
        assert backend.read_range("packs/a", 0, 1) == b"1"
        assert backend.move("packs/a", "quarantine/1.a")
        assert backend.size("packs/a") is None
        with pytest.raises(NotFoundError):
            backend.read_range("packs/a", 0, 1)
        assert backend.get("quarantine/1.a") == b"1"
        backend.sync()

    def test_move_never_replaces(self, backend: Backend) -> None:
        backend.put("a", b"1")
        backend.put("b", b"2")
        assert backend.move("a", "b")
        assert backend.size("a") is None
        assert backend.get("b") == b"2"
        assert not backend.move("a", "b")
        assert not backend.move("none/a", "other/b")

    def test_a_moved_object_keeps_its_age_until_it_is_touched(self, backend: Backend) -> None:
        backend.put("packs/a", b"1")
        (before,) = backend.list("packs/")
        time.sleep(0.02)
        backend.move("packs/a", "quarantine/a")
        (moved,) = backend.list("quarantine/")
        assert moved.modified == before.modified
        assert backend.touch("quarantine/a")
        (touched,) = backend.list("quarantine/")
        assert touched.modified > before.modified
        assert not backend.touch("packs/a")

    @pytest.mark.parametrize(
        "key", ["", "/a", "../a", "a/../b", "a//b", "a/", ".hidden", "a/.b", "a b", "a\nb", "ä"]
    )
    def test_hostile_keys_are_refused(self, backend: Backend, key: str) -> None:
        with pytest.raises(InvalidInputError):
            backend.put(key, b"x")
        with pytest.raises(InvalidInputError):
            backend.get(key)

    def test_compare_and_swap(self, backend: Backend) -> None:
        swap = backend.compare_and_swap
        assert not swap("refs/main", b"1", b"2")
        assert swap("refs/main", None, b"1")
        assert not swap("refs/main", None, b"2")
        assert backend.get("refs/main") == b"1"
        assert swap("refs/main", b"1", b"2")
        assert not swap("refs/main", b"1", b"3")
        assert backend.get("refs/main") == b"2"
        assert not swap("refs/main", b"1", None)
        assert swap("refs/main", b"2", None)
        assert backend.size("refs/main") is None
        assert swap("refs/main", None, None)

    def test_no_update_is_lost(self, backend: Backend) -> None:
        """A counter that many increment by compare-and-swap counts every one of them."""
        backend.compare_and_swap("refs/count", None, b"0")

        def increment() -> None:
            for _ in range(20):
                while True:
                    value = backend.get("refs/count")
                    if backend.compare_and_swap("refs/count", value, b"%d" % (int(value) + 1)):
                        break

        threads = [threading.Thread(target=increment) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert backend.get("refs/count") == b"80"

    def test_sync_and_close(self, backend: Backend) -> None:
        backend.put("packs/a", b"1")
        backend.sync()
        backend.sync()
        backend.close()
        assert backend.get("packs/a") == b"1"
