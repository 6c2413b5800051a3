"""Threads that share one Repository object."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import aidb
from aidb.errors import NothingToDoError
from tests.faults.tree import noise


@pytest.fixture
def repo(tmp_path: Path) -> aidb.Repository:
    repo = aidb.init(tmp_path / "repo")
    for number in range(8):
        (repo.root / f"{number}.bin").write_bytes(noise(200_000, number) + bytes([number]))
    (repo.root / "large.bin").write_bytes(noise(2_000_000, 99))
    repo.add(["."])
    repo.commit("start")
    return repo


def test_reading(repo: aidb.Repository) -> None:
    def read(number: int) -> bool:
        snapshot = repo.at("main")
        with snapshot.open("large.bin") as file:
            file.seek(number * 1000)
            part = file.read(70_000)
        whole = snapshot.read(f"{number % 8}.bin")
        return part == noise(2_000_000, 99)[number * 1000 :][:70_000] and whole == noise(
            200_000, number % 8
        ) + bytes([number % 8])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(64)))


def test_writing(repo: aidb.Repository) -> None:
    """Each thread adds and commits its own file; what one commit takes along, another finds already done."""

    def work(number: int) -> str | None:
        path = f"thread-{number}.txt"
        (repo.root / path).write_text(f"{number}\n")
        repo.add([path])
        try:
            return repo.commit(f"from {number}").id
        except NothingToDoError:
            return None

    with ThreadPoolExecutor(8) as pool:
        commits = [commit for commit in pool.map(work, range(24)) if commit is not None]
    assert set(commits) <= {commit.id for commit in repo.log()}
    assert {f"thread-{number}.txt" for number in range(24)} <= set(repo.at())
    assert repo.status().clean
    assert repo.fsck().ok


def test_reading_while_writing(repo: aidb.Repository) -> None:
    def write(number: int) -> None:
        for name in range(8):
            (repo.root / f"{name}.bin").write_bytes(noise(100_000, number))
        repo.commit(f"generation {number}", all=True)

    def read() -> set[bytes]:
        snapshot = repo.at("main")
        return {snapshot.read(f"{name}.bin") for name in range(8)}

    write(1000)
    with ThreadPoolExecutor(4) as pool:
        writing = pool.submit(lambda: list(map(write, range(1001, 1011))))
        while not writing.done():
            assert all(len(future.result()) == 1 for future in [pool.submit(read) for _ in range(3)])
        writing.result()
