"""Many writers at once, in threads and in processes, without locks: everything is stored and can be read."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from aidb.errors import AidbError
from aidb.store import ObjectStore, PackKind
from aidb.types import ObjectId
from tests.store.content import KIB, noise

WRITE = """
import sys
from pathlib import Path
from aidb.files import Session
from aidb.store import ObjectStore
from aidb.store.indexes import merging
from tests.store.content import noise

merging.MERGE_AT = 4
folder, seed = Path(sys.argv[1]), int(sys.argv[2])
session = Session(folder / "sessions")
store = ObjectStore.open(folder / "store", session)
for step in range(12):
    with store.writer() as writer:
        for number in range(20):
            writer.put_chunk(noise(500, (seed % 2) * 1000 + step * 20 + number))
        writer.put_blob(noise(200_000, seed * 100 + step))
session.close()
"""


def test_processes(tmp_path: Path, reopen: Callable[[], ObjectStore]) -> None:
    """Each writes, flushes and merges indexes, while another reads all the time."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITE, str(tmp_path), str(seed)], env=environment)
        for seed in range(4)
    ]
    store = reopen()
    seen: set[ObjectId] = set()
    while any(writer.poll() is None for writer in writers):
        store.refresh()
        ids = [
            segment.columns.id(row) for segment in store._view.segments for row in range(segment.columns.rows)
        ]
        assert len(list(store.read_chunks(ids))) == len(ids)
        assert seen <= set(ids)
        seen = set(ids)
    assert [writer.returncode for writer in writers] == [0] * 4
    fresh = reopen()
    assert list(fresh.fsck()) == []
    assert len(fresh.packs()) == len(os.listdir(tmp_path / "store/packs")) >= 4 * 12
    from aidb.store.hashing import hash_bytes

    wanted = [hash_bytes(noise(500, half * 1000 + number)) for half in range(2) for number in range(240)]
    assert all(fresh.contains(wanted))
    assert os.listdir(tmp_path / "sessions") == []


def test_threads_share_a_writer(store: ObjectStore) -> None:
    """All put the same chunks and flush in between: each is stored once, and is there once flushed."""
    problems: list[BaseException] = []

    def work(first: int) -> None:
        try:
            for step in range(10):
                ids = [
                    writer.put_chunk(noise(2000, (first + step * 20 + number) % 400)) for number in range(40)
                ]
                node = writer.put_chunk(b"node %d" % first, kind=PackKind.META)
                blob = writer.put_blob(noise(150 * KIB, step % 3))
                writer.flush()
                assert all(store.contains([*ids, node]))
                assert store.read_blob(blob) == noise(150 * KIB, step % 3)
        except (AssertionError, AidbError) as error:
            problems.append(error)

    with store.writer() as writer:
        threads = [threading.Thread(target=work, args=(number * 7,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not problems
    assert list(store.fsck()) == []
    assert store.usage().total.raw_bytes <= 400 * 2000 + 3 * 151 * KIB + 200


def test_threads_with_writers_of_their_own(store: ObjectStore) -> None:
    blobs = {}

    def work(number: int) -> None:
        with store.writer() as writer:
            blobs[number] = writer.put_blob(noise(3_000_000, number % 2))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, blob in blobs.items():
        assert store.read_blob(blob) == noise(3_000_000, number % 2)
    assert list(store.fsck()) == []


@pytest.mark.parametrize("packs", [200])
def test_few_files_stay_open(store: ObjectStore, packs: int) -> None:
    ids = []
    for number in range(packs):
        with store.writer() as writer:
            ids.append(writer.put_chunk(b"%d" % number))
    before = len(os.listdir("/proc/self/fd"))
    for id_ in ids:
        store.read_chunk(id_)
    assert len(os.listdir("/proc/self/fd")) <= before + 64
    store.close()
    assert len(os.listdir("/proc/self/fd")) <= before
