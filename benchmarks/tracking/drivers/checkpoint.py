"""A checkpoint that is saved while training goes on: `python -m benchmarks.tracking.drivers.checkpoint PLACE BYTES`.

Prints how long a plain copy of the tensors takes, how long the call blocks, and how long it is until all is committed.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

import aidb

_TENSOR = 4 << 20


def main(place: str, size: str) -> None:
    rng = np.random.default_rng(0)
    state = {
        f"layers.{number}.weight": rng.standard_normal(_TENSOR // 4, dtype=np.float32)
        for number in range(int(size) // _TENSOR)
    }
    with aidb.start_run("bench", repo=Path(place)) as run:
        began = time.perf_counter()
        copies = [tensor.copy() for tensor in state.values()]  # kept: a copy needs memory of its own
        copied = time.perf_counter()
        del copies
        begun = time.perf_counter()
        run.save_checkpoint(state, step=0)
        returned = time.perf_counter()
        run.log({"loss": 1.0}, step=1)
        run.checkpoints.wait()
        saved = time.perf_counter()
    print(json.dumps({"copy": copied - began, "blocked": returned - begun, "saved": saved - returned}))


if __name__ == "__main__":
    main(*sys.argv[1:])
