"""Contents to compare: bytes in a file of the disk, or in a store."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aidb.inside.content import Content, StoredContent, WorkingFile
from aidb.inside.explain import Question, explain
from aidb.inside.explanation import Explanation
from aidb.store import MemoryBackend, ObjectStore

Make = Callable[[bytes], Content]
Compare = Callable[..., Explanation | None]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for temporary files."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def working(scratch: Path) -> Make:
    """Makes contents that lie in files."""

    def make(data: bytes) -> Content:
        path = scratch / f"data [*] {os.urandom(6).hex()}"
        path.write_bytes(data)
        return WorkingFile(path, lambda: scratch)

    return make


@pytest.fixture(scope="module")
def stored(scratch: Path) -> Make:
    """Makes contents that lie in a store."""
    store = ObjectStore(MemoryBackend(), lambda: scratch)

    def make(data: bytes) -> Content:
        with store.writer() as writer:
            blob = writer.put_blob(data)
        return StoredContent(store, blob, lambda: scratch)

    return make


@pytest.fixture(scope="module")
def compare(working: Make, stored: Make, scratch: Path) -> Compare:
    """Explains what changed between two byte strings, the old one stored and the new one on the disk."""

    def run(
        path: str, old: bytes | None, new: bytes | None, key: tuple[str, ...] | None = None
    ) -> Explanation | None:
        before = None if old is None else stored(old)
        after = None if new is None else working(new)
        return explain(Question(path, before, after, lambda: scratch, key=key))

    return run
