"""Many small files, as a dataset of images with its labels has them.

Sizes are lognormal with a median of 4 KiB (64 bytes to 256 KiB, mean 5.7 kB), spread evenly over folders of 1,000.
Of every 20 files:

    12  .jpg   a JPEG header and random bytes: real JPEGs do not compress either
     5  .json  annotations: keys that repeat, numbers that do not (zstd-1 takes about two thirds off each file)
     2  .txt   words drawn by Zipf's law from a vocabulary of 5,000
     1  .npy   float32 embeddings with a NumPy header

    python -m benchmarks.workloads.small_files make FOLDER SUMS --files 100000
    python -m benchmarks.workloads.small_files change FOLDER SUMS NEW_SUMS --seed 1

`SUMS` is a text file of `<BLAKE3 hex>  <path>` lines in path order, which `benchmarks.verify` reads.
`change` writes one file of each folder again, with other content of another length.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from blake3 import blake3
from numpy.random import PCG64, Generator, default_rng

from benchmarks.sums import read_sums, write_sums

SEED = 20261122
PER_FOLDER = 1000
MEDIAN, SIGMA = 4096, 0.813
SMALLEST, LARGEST = 64, 256 * 1024
_JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")
_MIX = [".jpg"] * 12 + [".json"] * 5 + [".txt"] * 2 + [".npy"]


def make(folder: Path, files: int) -> dict[str, str]:
    """Write `files` files below `folder` and return the digest of each path."""
    maker = _Maker(default_rng(SEED))
    digests = {}
    for path, size in _plan(files):
        content = maker.content(path, size)
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        digests[path] = blake3(content).hexdigest()
    return digests


def change(folder: Path, digests: dict[str, str], seed: int) -> dict[str, str]:
    """Write one file of each folder again with other content, and return what all digests are then."""
    rng = default_rng([SEED, seed])
    maker = _Maker(rng)
    by_folder: dict[str, list[str]] = {}
    for path in sorted(digests):
        by_folder.setdefault(path.partition("/")[0], []).append(path)
    changed = dict(digests)
    for paths in by_folder.values():
        path = paths[int(rng.integers(len(paths)))]
        content = maker.content(path, int(_sizes(rng, 1)[0]))
        (folder / path).write_bytes(content)
        changed[path] = blake3(content).hexdigest()
    return changed


def _plan(files: int) -> Iterator[tuple[str, int]]:
    folders = max(1, files // PER_FOLDER)
    sizes = _sizes(default_rng([SEED, 0]), files)
    for number in range(files):
        suffix = _MIX[(number // folders) % len(_MIX)]
        yield f"part-{number % folders:03}/{number // folders:05}{suffix}", int(sizes[number])


def _sizes(rng: Generator, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    sizes = rng.lognormal(np.log(MEDIAN), SIGMA, count)
    return np.clip(sizes, SMALLEST, LARGEST).astype(np.int64)


class _Maker:
    """Content of each kind. Every piece is a function of the generator's state only."""

    def __init__(self, rng: Generator) -> None:
        self._rng = rng
        self._words = _vocabulary()
        self._kinds: dict[str, Callable[[int], bytes]] = {
            ".jpg": self._jpeg,
            ".json": self._json,
            ".txt": self._text,
            ".npy": self._array,
        }

    def content(self, path: str, size: int) -> bytes:
        return self._kinds[Path(path).suffix](size)

    def _jpeg(self, size: int) -> bytes:
        return _JPEG + self._rng.bytes(max(0, size - len(_JPEG)))

    def _json(self, size: int) -> bytes:
        boxes = max(1, size // 91)
        numbers = self._rng.random((boxes, 5))
        labels = self._rng.integers(0, 80, boxes)
        lines = (
            f'  {{"label": "class_{label:02}", "score": {row[0]:.6f}, '
            f'"box": [{row[1] * 1920:.2f}, {row[2] * 1080:.2f}, {row[3] * 400:.2f}, {row[4] * 400:.2f}]}}'
            for label, row in zip(labels.tolist(), numbers.tolist(), strict=True)
        )
        return ('{"image": "camera", "boxes": [\n' + ",\n".join(lines) + "\n]}\n").encode()

    def _text(self, size: int) -> bytes:
        count = max(1, size // 6)
        ranks = np.minimum(self._rng.zipf(1.3, count), len(self._words)) - 1
        return (" ".join(self._words[rank] for rank in ranks.tolist()) + ".\n").encode()

    def _array(self, size: int) -> bytes:
        stream = io.BytesIO()
        np.save(stream, self._rng.standard_normal(max(1, (size - 128) // 4), dtype=np.float32))
        return stream.getvalue()


def _vocabulary() -> list[str]:
    rng = Generator(PCG64(7))
    letters = np.frombuffer(b"etaoinshrdlucmfwypvbgk", dtype=np.uint8)
    return [
        letters[rng.integers(0, len(letters), rng.integers(2, 10))].tobytes().decode() for _ in range(5000)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the small files, or change one in each folder.")
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("folder", type=Path)
    making.add_argument("sums", type=Path)
    making.add_argument("--files", type=int, required=True)
    changing = commands.add_parser("change")
    changing.add_argument("folder", type=Path)
    changing.add_argument("sums", type=Path)
    changing.add_argument("new_sums", type=Path)
    changing.add_argument("--seed", type=int, required=True)
    given = parser.parse_args()
    if given.command == "make":
        write_sums(given.sums, make(given.folder, given.files))
    else:
        write_sums(given.new_sums, change(given.folder, read_sums(given.sums), given.seed))


if __name__ == "__main__":
    main()
