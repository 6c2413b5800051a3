"""One large checkpoint of float32 weights, and the two changes that content-defined chunking exists for.

    python -m benchmarks.workloads.large_file make   FILE SUMS --size 4294967296
    python -m benchmarks.workloads.large_file edit   FILE      1% written anew, in place, in 40 places
    python -m benchmarks.workloads.large_file insert FILE      1,000 bytes inserted at 1 MiB

`make` also works out what the file's digest will be after the edit, and after the insert that follows it:
SUMS.original, SUMS.edited, SUMS.inserted.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

import numpy as np

from benchmarks.sums import write_sums
from benchmarks.verify import digest
from benchmarks.workloads.weights import SEED, weights

PLACES, SHARE = 40, 0.01
INSERT_AT, INSERTED = 1 << 20, 1000
_PIECE = 64 << 20


def make(file: Path, size: int) -> None:
    """Write `size` bytes of weights to `file`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        for number, start in enumerate(range(0, size, _PIECE)):
            stream.write(weights(min(_PIECE, size - start), 1, number))


def edit(file: Path) -> None:
    """Write 1% of `file` anew, in place: 40 runs of bytes, one at a random spot in each fortieth of it."""
    size = file.stat().st_size
    span, length = size // PLACES, int(size * SHARE) // PLACES
    rng = np.random.default_rng([SEED, 2])
    with file.open("r+b") as stream:
        for place in range(PLACES):
            stream.seek(place * span + int(rng.integers(0, span - length)))
            stream.write(weights(length, 2, place))


def insert(file: Path) -> None:
    """Insert 1,000 bytes at 1 MiB, by writing the file anew as any program must."""
    scratch = file.with_name(file.name + ".new")
    with file.open("rb") as source, scratch.open("wb") as target:
        target.write(source.read(INSERT_AT))
        target.write(weights(INSERTED, 3))
        shutil.copyfileobj(source, target, 8 << 20)
    os.replace(scratch, file)


def _expected(file: Path, sums: Path) -> None:
    """Carry out the changes on a copy and note the digests, which every tool's result is held against."""
    copy = file.with_name("copy")
    shutil.copyfile(file, copy)
    for state, step in (("original", None), ("edited", edit), ("inserted", insert)):
        if step is not None:
            step(copy)
        write_sums(sums.with_name(f"{sums.name}.{state}"), {file.name: digest(copy)})
    copy.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the large checkpoint, or change it.")
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("file", type=Path)
    making.add_argument("sums", type=Path)
    making.add_argument("--size", type=int, required=True)
    for name in ("edit", "insert"):
        commands.add_parser(name).add_argument("file", type=Path)
    given = parser.parse_args()
    if given.command == "make":
        make(given.file, given.size)
        _expected(given.file, given.sums)
    else:
        {"edit": edit, "insert": insert}[given.command](given.file)


if __name__ == "__main__":
    main()
