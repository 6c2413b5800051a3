"""Helper processes change nothing but the time that an ingest takes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb import processes
from aidb.processes import HelperProcess
from aidb.store import Ingested, ObjectStore, Source
from aidb.store.hashing import hash_bytes
from aidb.store.ingest import pipeline, reader_pool
from tests.store.content import KIB, MIB, noise, prose

SIZES = [0, 1, 64 * KIB, 64 * KIB + 1, MIB, 5 * MIB, *range(0, 4000, 13), 300 * KIB, *range(300)]


@pytest.fixture(autouse=True)
def help_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two helpers, after three files."""
    monkeypatch.setattr(pipeline, "HELP_AFTER", 3)
    monkeypatch.setattr(processes, "_cores", lambda: 3)


@pytest.fixture
def helpers(monkeypatch: pytest.MonkeyPatch) -> list[HelperProcess]:
    """Those that are started."""
    started: list[HelperProcess] = []

    class Noted(HelperProcess):
        def __init__(self, script: str) -> None:
            super().__init__(script)
            started.append(self)

    monkeypatch.setattr(reader_pool, "HelperProcess", Noted)
    return started


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Small and large files, twice the same one, and two that cannot be read."""
    made = []
    for number, size in enumerate(SIZES):
        made.append(tmp_path / f"{number:04}.{'bin' if number % 2 else 'txt'}")
        made[-1].write_bytes(noise(size, number) if number % 2 else prose(size, number))
    made.insert(100, tmp_path / "missing")
    made.insert(200, tmp_path / "folder")
    made[200].mkdir()
    made.append(made[50])
    return made


def sources(paths: list[Path]) -> Iterator[Source]:
    return (Source(os.fsencode(path), path) for path in paths)


def check(store: ObjectStore, paths: list[Path], results: list[Ingested]) -> None:
    assert [result.key for result in results] == paths
    for path, result in zip(paths, results, strict=True):
        if not path.is_file():
            assert result.error is not None
            continue
        data, info = path.read_bytes(), os.stat(path)
        assert result.blob is not None
        assert (result.blob.id, result.blob.size) == (hash_bytes(data), len(data))
        assert result.stat == (info.st_mtime_ns, info.st_ctime_ns, info.st_size, info.st_ino, info.st_mode)
        assert not result.changed_while_read
        assert store.read_blob(result.blob) == data
    assert list(store.fsck()) == []


@pytest.mark.parametrize("late", [-1, 0.0005, 1e9])
def test_all_is_stored_in_order(
    store: ObjectStore,
    paths: list[Path],
    helpers: list[HelperProcess],
    monkeypatch: pytest.MonkeyPatch,
    late: float,
) -> None:
    monkeypatch.setattr(reader_pool, "_LATE", late)  # every job or none makes this process help
    with store.writer() as writer:
        results = list(writer.ingest(sources(paths)))
    check(store, paths, results)
    assert len(helpers) == 2
    assert not any(helper.running for helper in helpers)
    before = store.usage().chunks
    with store.writer() as writer:
        list(writer.ingest(sources(paths)))
    assert store.usage().chunks == before


@pytest.mark.parametrize("after", [0, 60, 150])
def test_a_helper_that_dies(
    store: ObjectStore, paths: list[Path], helpers: list[HelperProcess], after: int
) -> None:
    def dying() -> Iterator[Source]:
        for number, source in enumerate(sources(paths)):
            if number == after + 3:
                for helper in helpers:
                    os.kill(helper.pid, 9)
            yield source

    with store.writer() as writer:
        results = list(writer.ingest(dying()))
    check(store, paths, results)


@pytest.mark.parametrize("program", ["/bin/true", "/bin/false", "/bin/cat", "/nonexistent"])
def test_something_else_than_a_helper(
    store: ObjectStore, paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    link = tmp_path / "python-that-is-none"
    link.symlink_to(program)
    monkeypatch.setattr(sys, "executable", str(link))
    with store.writer() as writer:
        results = list(writer.ingest(sources(paths)))
    check(store, paths, results)


def test_an_ingest_that_is_given_up(
    store: ObjectStore, paths: list[Path], helpers: list[HelperProcess]
) -> None:
    with store.writer() as writer:
        results = writer.ingest(sources(paths))
        for _ in range(20):
            next(results)
        results.close()  # type: ignore[attr-defined]
    assert helpers
    assert not any(helper.running for helper in helpers)


@given(st.lists(st.integers(1, 4200), min_size=1, max_size=200))
def test_orders_fit_into_a_pipe(lengths: list[int]) -> None:
    waiting = iter([Source(b"x" * length) for length in lengths])
    sizes = []
    while job := reader_pool._take(waiting):
        assert len(job) <= reader_pool.JOB_FILES
        sizes.append(sum(len(source.path) + 5 for source in job))
    assert sum(sorted(sizes)[-reader_pool._AHEAD :]) + 4096 < 1 << 16
