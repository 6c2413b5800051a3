"""Bytes that compress as trained float32 weights do: normal values around zero, little to gain (zstd-1: 0.92)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SEED = 20261122
_SCALE = np.float32(0.02)


def weights(size: int, *key: int) -> bytes:
    """`size` bytes of float32 weights; the same `key` gives the same bytes."""
    rng = np.random.default_rng([SEED, *key])
    values = rng.standard_normal(-(-size // 4), dtype=np.float32)
    values *= _SCALE
    return values.tobytes()[:size]


def as_bfloat16(values: npt.NDArray[np.float32]) -> bytes:
    """Float32 values rounded to their upper halves, to nearest."""
    return ((values.view(np.uint32) + np.uint32(0x8000)) >> 16).astype(np.uint16).tobytes()
