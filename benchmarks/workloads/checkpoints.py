"""Ten checkpoints of one training run, as safetensors: each time, 20% of the 4 MiB tensors have changed.

    python -m benchmarks.workloads.checkpoints FOLDER SUMS --count 10 --tensors 100

The format is eight bytes of length, a JSON header and the tensors' bytes; no library is needed to write it.
"""

from __future__ import annotations

import argparse
import json
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmarks.sums import write_sums
from benchmarks.verify import digest
from benchmarks.workloads.amounts import CHANGED, TENSOR
from benchmarks.workloads.weights import SEED, as_bfloat16, weights

WIDTHS = {"F32": 4, "BF16": 2}


def make(folder: Path, count: int, tensors: int) -> dict[str, str]:
    """Write the checkpoints and return their digests."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([SEED, 4])
    versions = [0] * tensors
    digests = {}
    for step in range(count):
        if step:
            for tensor in rng.choice(tensors, int(tensors * CHANGED), replace=False).tolist():
                versions[tensor] = step
        path = folder / f"step-{step:04}.safetensors"
        _write(path, versions)
        digests[path.name] = digest(path)
    return digests


def make_bfloat16(folder: Path, tensors: int) -> dict[str, str]:
    """Write one checkpoint of bfloat16 weights and return its digest."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "step-0000.safetensors"
    values = (np.frombuffer(weights(2 * TENSOR, 6, number), np.float32) for number in range(tensors))
    write_safetensors(path, "BF16", TENSOR, tensors, map(as_bfloat16, values))
    return {path.name: digest(path)}


def _write(path: Path, versions: list[int]) -> None:
    data = (weights(TENSOR, 4, number, version) for number, version in enumerate(versions))
    write_safetensors(path, "F32", TENSOR, len(versions), data)


def write_safetensors(path: Path, dtype: str, size: int, count: int, data: Iterable[bytes]) -> None:
    """Write `count` tensors of `size` bytes each; one is held at a time."""
    header = {
        f"layers.{number}.weight": {
            "dtype": dtype,
            "shape": [1024, size // 1024 // WIDTHS[dtype]],
            "data_offsets": [number * size, (number + 1) * size],
        }
        for number in range(count)
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        for tensor in data:
            stream.write(tensor)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the checkpoints.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("sums", type=Path)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--tensors", type=int, required=True)
    parser.add_argument("--bfloat16", action="store_true", help="one checkpoint, of bfloat16")
    given = parser.parse_args()
    if given.bfloat16:
        write_sums(given.sums, make_bfloat16(given.folder, given.tensors))
    else:
        write_sums(given.sums, make(given.folder, given.count, given.tensors))


if __name__ == "__main__":
    main()
