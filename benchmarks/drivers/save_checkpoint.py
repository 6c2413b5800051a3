"""Saving one checkpoint: `save_checkpoint.py TOOL FOLDER MIB`; prints how many seconds the saving took, and how many
bytes of its memory are the tensors.

`Python` is `safetensors.numpy.save_file` and an fsync; `aidb` writes the same bytes, tensor by tensor, in a
transaction.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import time
from pathlib import Path

import numpy as np

TENSOR = 4 << 20
Tensors = dict[str, "np.ndarray[tuple[int], np.dtype[np.float32]]"]


def tensors(mib: int) -> Tensors:
    """Float32 weights that no checkpoint before had."""
    rng = np.random.default_rng(time.time_ns())
    return {
        f"layers.{number}.weight": rng.standard_normal(TENSOR // 4, dtype=np.float32) * np.float32(0.02)
        for number in range(max(1, mib // 4))
    }


def save_plainly(values: Tensors, folder: Path) -> None:
    from safetensors.numpy import save_file

    path = folder / "model.safetensors"
    save_file(dict(values), path)
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def save_in_transaction(values: Tensors, folder: Path) -> None:
    import aidb

    at = 0
    header = {}
    for name, value in values.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [at, at + value.nbytes]}
        at += value.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with (
        aidb.open(folder) as repository,
        repository.transaction(message="Checkpoint") as tx,
        tx.open("model.safetensors", "wb") as file,
    ):
        file.write(struct.pack("<Q", len(text)) + text)
        for value in values.values():
            file.write(value.data)


def main(tool: str, folder: Path, mib: int) -> None:
    values = tensors(mib)
    if tool == "aidb":
        import aidb

        aidb.init(folder)
    save = {"aidb": save_in_transaction, "Python": save_plainly}[tool]
    os.sync()
    began = time.perf_counter()
    save(values, folder)
    print("seconds", time.perf_counter() - began)
    print("held", sum(value.nbytes for value in values.values()))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
