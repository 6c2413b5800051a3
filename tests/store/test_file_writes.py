from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.store import file_writes
from aidb.store.file_writes import write_at, write_pieces

lengths = st.lists(st.one_of(st.integers(0, 50), st.sampled_from([99, 100, 101, 200, 1000])), max_size=40)


@given(lengths, st.integers(1, 200), st.integers(1, 5))
def test_pieces_of_any_length(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], short: int, most: int
) -> None:
    """Whatever the steps, however little the kernel takes at a time: all bytes, in order."""
    pieces = [bytes([number % 256]) * size for number, size in enumerate(sizes)]
    path = tmp_path_factory.mktemp("writes") / "file"
    real = os.writev
    with pytest.MonkeyPatch.context() as patch, path.open("wb") as file:
        patch.setattr(file_writes, "STEP", 100)
        patch.setattr(file_writes, "_IOV_MAX", most)
        patch.setattr(os, "writev", lambda fd, group: real(fd, [b"".join(group)[:short]]))
        assert write_pieces(file.fileno(), pieces) == sum(sizes)
    assert path.read_bytes() == b"".join(pieces)


def test_steps_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = os.writev

    def writev(fd: int, group: list[bytes]) -> int:
        seen.append((len(group), sum(map(len, group))))
        return real(fd, group)

    monkeypatch.setattr(os, "writev", writev)
    with (tmp_path / "file").open("wb") as file:
        write_pieces(file.fileno(), [b"x" * 10] * 5000 + [b"y" * 1_000_000])
    assert max(count for count, _ in seen) <= 1024
    assert max(size for _, size in seen) <= file_writes.STEP


def test_write_at(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        write_at(file.fileno(), b"y" * 300_000, 100)
        write_at(file.fileno(), b"x" * 100, 0)
    assert (tmp_path / "file").read_bytes() == b"x" * 100 + b"y" * 300_000
