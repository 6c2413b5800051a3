"""Ten checkpoints of one training run, as safetensors: each time, 20% of the 4 MiB tensors have changed.

    python -m benchmarks.workloads.checkpoints FOLDER SUMS --count 10 --tensors 100

The format is eight bytes of length, a JSON header and the tensors' bytes; no library is needed to write it.
"""

from __future__ import annotations

import argparse
import json
import struct
from pathlib import Path

import numpy as np

from benchmarks.sums import write_sums
from benchmarks.verify import digest
from benchmarks.workloads.amounts import CHANGED, TENSOR
from benchmarks.workloads.weights import SEED, weights


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


def _write(path: Path, versions: list[int]) -> None:
    header = {
        f"layers.{number}.weight": {
            "dtype": "F32",
            "shape": [1024, 1024],
            "data_offsets": [number * TENSOR, (number + 1) * TENSOR],
        }
        for number in range(len(versions))
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        for number, version in enumerate(versions):
            stream.write(weights(TENSOR, 4, number, version))


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the checkpoints.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("sums", type=Path)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--tensors", type=int, required=True)
    given = parser.parse_args()
    write_sums(given.sums, make(given.folder, given.count, given.tensors))


if __name__ == "__main__":
    main()
