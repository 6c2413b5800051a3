"""A full disk: training goes on, who looks is told once, what fits is kept, and what was lost is counted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.tracking.journal import writer as module
from aidb.tracking.journal.reader import JournalReader
from aidb.tracking.journal.writer import JournalWriter
from tests.tracking.journal.test_journal import logged
from tests.tracking.reading import points, program


class Disk:
    """A disk on which so many bytes are free: writes take what fits, and fail when nothing does."""

    def __init__(self, free: int, patch: pytest.MonkeyPatch) -> None:
        self.free = free
        write, truncate = os.write, os.ftruncate

        def limited(fd: int, data: bytes) -> int:
            if not self.free:
                raise OSError(28, "No space left on device")
            done = write(fd, data[: self.free])
            self.free -= done
            return done

        def cut(fd: int, size: int) -> None:
            self.free += os.fstat(fd).st_size - size
            truncate(fd, size)

        patch.setattr(os, "write", limited)
        patch.setattr(os, "ftruncate", cut)


@settings(max_examples=60)
@given(free=st.lists(st.integers(0, 400), min_size=1, max_size=6))
def test_what_was_refused_is_written_when_there_is_space(
    tmp_path_factory: pytest.TempPathFactory, free: list[int]
) -> None:
    told: list[str] = []
    writer = JournalWriter(tmp_path_factory.mktemp("run"), "r1", warn=told.append)
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(0, patch)
        step = 0
        for bytes_free in free:
            disk.free += bytes_free
            writer.retry()
            for _ in range(5):
                writer.points({"a": float(step), f"k{step % 3}": 1}, step, 1.0)
                step += 1
            found = logged(JournalReader(writer.path))
            assert [at for _, at in found] == list(range(len(found)))  # type: ignore[misc]
    writer.close()
    assert [at for _, at in logged(JournalReader(writer.path))] == list(range(step))  # type: ignore[misc]
    assert len(told) <= 1


def test_what_waits_too_long_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    writer = JournalWriter(tmp_path, "r1", warn=told.append)
    monkeypatch.setattr(module, "MOST_WAITING", 400)
    with pytest.MonkeyPatch.context() as patch:
        Disk(0, patch)
        for step in range(20):
            writer.points({"a": 1.0}, step, 1.0)
    writer.retry()
    found = logged(JournalReader(writer.path))
    kept = [call for call in found if isinstance(call, tuple)]
    assert 0 < len(kept) < 20
    assert found[-1].calls == 20 - len(kept)  # type: ignore[union-attr]
    writer.points({"a": 1.0, "new": 2.0}, 21, 1.0)
    assert logged(JournalReader(writer.path))[-1] == ({"a": 1.0, "new": 2.0}, 21)
    writer.close()
    assert len(told) == 1


def test_a_disk_that_stays_full(tmp_path: Path) -> None:
    script = """
import resource, sys
import aidb
run = aidb.start_run("e", repo=aidb.init("."), console=False, capture=False)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
for step in range(1000):
    run.log({"a": step}, step=step)
run.finish()
print("trained")
"""
    out, err = program(script, tmp_path).communicate(timeout=60)
    assert out == "trained\n"
    warnings = err.splitlines()
    assert len(warnings) == 2
    assert "training goes on" in warnings[0]
    assert "calls could not be written" in warnings[1]
    (folder,) = (tmp_path / ".aidb" / "runs").iterdir()
    found = points(folder, "a")
    assert len(found) > 80
    assert found == [(step, step) for step in range(len(found))]
