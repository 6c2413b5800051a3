"""Stores on a disk and in memory, and the content they are filled with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aidb.files import Session
from aidb.store import LocalBackend, MemoryBackend, ObjectStore


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    session = Session(tmp_path / "session")
    yield session
    session.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the store on the disk lies."""
    return tmp_path / "store"


@pytest.fixture
def store(folder: Path, session: Session) -> Iterator[ObjectStore]:
    with ObjectStore.open(folder, session) as store:
        yield store


@pytest.fixture
def reopen(folder: Path, session: Session) -> Callable[[], ObjectStore]:
    """Another process's view of the store on the disk."""
    return lambda: ObjectStore(LocalBackend(folder, session.scratch), session.scratch)


@pytest.fixture
def memory_store(session: Session) -> ObjectStore:
    return ObjectStore(MemoryBackend(), session.scratch)
