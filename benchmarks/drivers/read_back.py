"""Reading back by API: `read_back.py TOOL HOW FOLDER COUNT hot|cold`; prints how many seconds the reads took.

HOW is `small` (random small files, one by one), `many` (the same, asked for at once) or `random` (1 MiB at random
places of the one large file). TOOL is `aidb`, whose repository is FOLDER, or `Python`: `open().read()` and `pread` on
the files in FOLDER. `hot` reads everything once before the clock starts, `cold` has the kernel forget what it can.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

MIB = 1 << 20
Reads = Callable[[], None]


def plain(how: str, folder: Path, count: int) -> Reads:
    """With the file system alone."""
    if how == "random":
        (file,) = (folder / "data").iterdir()
        places = offsets(file.stat().st_size, count)

        def read_pieces() -> None:
            fd = os.open(file, os.O_RDONLY)
            for at in places:
                os.pread(fd, MIB, at)
            os.close(fd)

        return read_pieces
    files = chosen([str(path) for path in sorted((folder / "data").rglob("*")) if path.is_file()], count)

    def read_files() -> None:
        for name in files:
            with open(name, "rb") as stream:
                stream.read()

    return read_files


def aidb_reads(how: str, folder: Path, count: int) -> Reads:
    """Through a snapshot, verified."""
    import aidb

    repository = aidb.open(folder)
    snapshot = repository.at()
    if how == "random":
        (path,) = snapshot
        places = offsets(snapshot.stat(path).size, count)

        def read_pieces() -> None:
            with repository.at().open(path) as stream:
                for at in places:
                    stream.seek(at)
                    stream.read(MIB)

        return read_pieces
    paths = chosen(list(snapshot), count)

    def read_files() -> None:
        snapshot = repository.at()
        for path in paths:
            snapshot.read(path)

    def read_many() -> None:
        for _ in repository.at().read_many(paths):
            pass

    return read_many if how == "many" else read_files


def chosen(names: list[str], count: int) -> list[str]:
    """Some of the names, in no order."""
    return random.Random(7).sample(names, min(count, len(names)))


def offsets(size: int, count: int) -> list[int]:
    """Places where a MiB begins."""
    source = random.Random(7)
    return [source.randrange(max(1, size - MIB)) for _ in range(count)]


def forget(folder: Path) -> None:
    """Have the kernel drop what it holds of the files below `folder`."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            fd = os.open(path, os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def main(tool: str, how: str, folder: Path, count: int, heat: str) -> None:
    reads = {"aidb": aidb_reads, "Python": plain}[tool](how, folder, count)
    if heat == "cold":
        forget(folder)
    else:
        reads()
    began = time.perf_counter()
    reads()
    print("seconds", time.perf_counter() - began)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
