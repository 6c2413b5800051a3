"""What the store may cost: memory for any size, and imports for those who do not need it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numpy", "zstandard", "pyfastcdc", "concurrent.futures")


def run(code: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_importing_is_light() -> None:
    code = f"import sys, aidb.store; print([name for name in {HEAVY} if name in sys.modules])"
    assert run(code).strip() == "[]"


def test_reading_and_writing_a_little_needs_no_numpy(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from aidb.files import Session
from aidb.store import ObjectStore
folder = Path(sys.argv[1])
with ObjectStore.open(folder / "store", Session(folder / "tmp")) as store:
    for number in range(3):
        with store.writer() as writer:
            ids = [writer.put_chunk(b"%d %d" % (number, each)) for each in range(10)]
    assert all(store.contains(ids)) and len(list(store.read_chunks(ids))) == 10
print("numpy" in sys.modules, "pyfastcdc" in sys.modules)
"""
    assert run(code, str(tmp_path)).strip() == "False False"


def test_every_public_name_can_be_imported() -> None:
    import aidb.store

    for name in aidb.store.__all__:
        assert getattr(aidb.store, name).__name__ == name
    assert dir(aidb.store) == sorted(aidb.store.__all__)
    with pytest.raises(AttributeError):
        aidb.store.nothing  # noqa: B018


@pytest.mark.slow
def test_memory_is_bounded(tmp_path: Path) -> None:
    """Half a gigabyte in, out as a stream, out as a file, and checked: under 256 MiB at any time."""
    code = """
import io, os, random, resource, sys
from pathlib import Path
from aidb.files import Session
from aidb.store import ObjectStore, Source
folder = Path(sys.argv[1])
chance = random.Random(1)
with open(folder / "large.bin", "wb") as file:
    for _ in range(64):
        file.write(chance.randbytes(8 << 20))
for number in range(3000):
    (folder / f"{number}").write_bytes(chance.randbytes(20_000))
session = Session(folder / "tmp")
with ObjectStore.open(folder / "store", session) as store:
    with store.writer() as writer:
        paths = [os.fsencode(folder / "large.bin"), *(os.fsencode(folder / str(number)) for number in range(3000))]
        blobs = [result.blob for result in writer.ingest(Source(path) for path in paths)]
    with store.open_blob(blobs[0]) as reader:
        while reader.read(1 << 20):
            pass
    fd = os.open(folder / "copy", os.O_RDWR | os.O_CREAT)
    store.copy_blob(blobs[0], fd)
    assert list(store.fsck()) == []
    assert sum(len(data) for _, data in store.read_chunks([blob.id for blob in blobs[1:]])) == 3000 * 20_000
session.close()
if sys.platform == "linux":  # ru_maxrss would count the process that started this one: the kernel carries it over exec
    print(next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) >> 10)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20)
"""
    assert int(run(code, str(tmp_path))) < 256
