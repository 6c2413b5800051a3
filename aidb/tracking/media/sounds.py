"""Sound as WAV, 16 bits."""

from __future__ import annotations

import io
import os
import wave
from typing import Any

from aidb.errors import InvalidInputError
from aidb.tracking.media.made import Made, as_array, from_disk

_MOST_CHANNELS = 16


def audio_file(audio: Any, rate: int) -> Made:
    """See `Run.log_audio`. Raises InvalidInputError for shapes that are no sound."""
    if isinstance(audio, (str, os.PathLike)):
        return from_disk(audio)
    import numpy as np

    samples = as_array(audio)
    samples = samples[:, None] if samples.ndim == 1 else samples
    if samples.ndim != 2 or not 0 < samples.shape[1] <= _MOST_CHANNELS or not 0 < rate < 1 << 31:
        raise InvalidInputError(f"an array of shape {samples.shape} at {rate} samples per second is no sound")
    if samples.dtype.kind == "f":
        samples = np.clip(np.nan_to_num(samples), -1, 1) * 32767
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.clip(samples, -32768, 32767).astype("<i2").tobytes())
    return Made(out.getvalue(), ".wav", {"rate": rate, "seconds": len(samples) / rate})
