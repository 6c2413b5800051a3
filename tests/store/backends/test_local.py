from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from aidb.errors import StorageError
from aidb.store import LocalBackend
from tests.store.backends.contract import BackendContract


class TestLocalBackend(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> LocalBackend:
        return LocalBackend(tmp_path / "backend")


class TestWithoutHardLinks(BackendContract):
    """exFAT, some FUSE and network file systems."""

    @pytest.fixture
    def backend(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalBackend:
        def link(source: str, target: str) -> None:
            if not Path(target).parent.exists():
                raise FileNotFoundError(target)
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", link)
        return LocalBackend(tmp_path / "backend")

    def test_only_one_of_many_puts_wins(self, backend: LocalBackend) -> None:  # type: ignore[override]
        """Not promised here: equal names are equal bytes in the store."""


def test_nothing_temporary_is_left(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path / "backend", lambda: tmp_path)
    for _ in range(2):
        backend.put("packs/a", b"1")
    backend.compare_and_swap("refs/a", None, b"1")
    assert [path.name for path in tmp_path.iterdir()] == ["backend"]


def test_few_files_stay_open(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path, max_open_files=8)
    for number in range(100):
        backend.put(f"packs/{number}", b"%d" % number)
    before = len(os.listdir("/proc/self/fd"))
    for number in range(100):
        assert backend.read_range(f"packs/{number}", 0, 10) == b"%d" % number
    assert len(os.listdir("/proc/self/fd")) <= before + 8
    backend.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_threads_share_open_files(tmp_path: Path) -> None:
    """Files are closed while others read: nobody ever gets another file's bytes."""
    backend = LocalBackend(tmp_path, max_open_files=2)
    for number in range(10):
        backend.put(f"packs/{number}", b"%d" % number * 1000)
    wrong = []

    def read(first: int) -> None:
        for step in range(500):
            number = (first + step * 3) % 10
            if backend.read_range(f"packs/{number}", 500, 1) != b"%d" % number:
                wrong.append(number)

    threads = [threading.Thread(target=read, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "packs").write_text("not a folder")
    backend = LocalBackend(tmp_path)
    with pytest.raises(StorageError):
        backend.put("packs/a", b"1")
    assert backend.size("packs/a") is None
    assert list(backend.list("packs/")) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError) as caught:
        LocalBackend(tmp_path).put("packs/a", b"1")
    assert caught.value.errno == errno.EACCES
