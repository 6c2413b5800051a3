"""Pictures as PNG, moving ones as GIF, through Pillow."""

from __future__ import annotations

import io
import os
from typing import Any

from aidb.errors import InvalidInputError
from aidb.inside.images import require_pillow
from aidb.tracking.media.made import Made, as_array, from_disk

_CHANNELS = {1: "L", 3: "RGB", 4: "RGBA"}


def image_file(image: Any) -> Made:
    """See `Run.log_image`. Raises InvalidInputError for shapes that are no picture."""
    if isinstance(image, (str, os.PathLike)):
        return from_disk(image)
    picture = image if hasattr(image, "save") and hasattr(image, "size") else _picture(as_array(image))
    out = io.BytesIO()
    picture.save(out, format="PNG")
    width, height = picture.size
    return Made(out.getvalue(), ".png", {"width": width, "height": height})


def video_file(video: Any, fps: float) -> Made:
    """See `Run.log_video`."""
    if isinstance(video, (str, os.PathLike)):
        return from_disk(video)
    frames = as_array(video)
    if frames.ndim != 4 or not len(frames) or not fps > 0:
        raise InvalidInputError(f"an array of shape {frames.shape} at {fps} frames per second is no video")
    pictures = [_picture(frame) for frame in frames]
    out = io.BytesIO()
    duration = max(round(1000 / fps), 20)
    pictures[0].save(out, format="GIF", save_all=True, append_images=pictures[1:], duration=duration, loop=0)
    width, height = pictures[0].size
    return Made(
        out.getvalue(), ".gif", {"width": width, "height": height, "fps": fps, "frames": len(pictures)}
    )


def _picture(array: Any) -> Any:
    """A Pillow image. Floats are from 0 to 1, as PyTorch and matplotlib have them; all else from 0 to 255."""
    import numpy as np

    pillow = require_pillow()
    if array.ndim == 3 and array.shape[2] not in _CHANNELS and array.shape[0] in _CHANNELS:
        array = np.moveaxis(array, 0, 2)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in _CHANNELS or not array.size:
        raise InvalidInputError(
            f"an array of shape {array.shape} is no picture",
            hints=("Shapes are (H, W), (H, W, C) or (C, H, W), with 1, 3 or 4 channels.",),
        )
    if array.dtype.kind == "f":
        array = np.nan_to_num(array) * 255 + 0.5
    elif array.dtype.kind == "b":
        array = array * 255
    bytes_of = np.ascontiguousarray(np.clip(array, 0, 255).astype(np.uint8))
    height, width, channels = bytes_of.shape
    return pillow.frombytes(_CHANNELS[channels], (width, height), bytes_of.tobytes())
