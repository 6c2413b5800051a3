"""Images: size, mode, and which pixels differ. The only module that knows Pillow.

The size is checked before a pixel is decoded, so a small file that claims a huge image costs nothing. Formats that
Pillow hands to other programs are never opened.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from aidb.errors import UnreadableContentError
from aidb.inside.content import Content
from aidb.inside.explanation import Explanation, share

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 64_000_000
"""Larger images are told by their size alone."""
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")


@dataclass(frozen=True, slots=True)
class ImageDiff(Explanation):
    """Width and height, mode and format on both sides; the rest only if size and mode are alike.

    `pixels_changed` of `pixels`; `box` is the smallest that holds them all (left, top, right, bottom);
    `mean_difference` is over all pixels and bands, from 0 to 255 for 8-bit images. Of an animation: the first frame.
    """

    kind: ClassVar[str] = "image"
    size_before: tuple[int, int]
    size_after: tuple[int, int]
    mode_before: str
    mode_after: str
    format_before: str
    format_after: str
    pixels: int | None = None
    pixels_changed: int | None = None
    box: tuple[int, int, int, int] | None = None
    mean_difference: float | None = None

    def summary(self) -> str:
        told = []
        if self.size_before != self.size_after:
            told.append(f"{_shown(self.size_before)} → {_shown(self.size_after)} pixels")
        if self.mode_before != self.mode_after:
            told.append(f"mode {self.mode_before} → {self.mode_after}")
        if self.format_before != self.format_after:
            told.append(f"{self.format_before} → {self.format_after}")
        if self.pixels_changed is not None:
            told.append(self._pixels())
        return ", ".join(told)

    def _pixels(self) -> str:
        if not self.pixels_changed or not self.pixels or not self.box:
            return "no pixel differs"
        left, top, right, bottom = self.box
        where = f"{_shown((right - left, bottom - top))} at {left},{top}"
        part = share(self.pixels_changed, self.pixels)
        return f"{part} of the pixels changed, within {where}, by {self.mean_difference:.3g} on average"


def _shown(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def explain_image(old: Content, new: Content) -> ImageDiff:
    """Compare two images. Raises UnreadableContentError, also when Pillow is not installed."""
    with _opened(old) as before, _opened(new) as after:
        look = (before.size, after.size, before.mode, after.mode, str(before.format), str(after.format))
        if before.size != after.size or before.mode != after.mode:
            return ImageDiff(*look)
        return ImageDiff(*look, *_pixels(before, after))


def require_pillow() -> Any:
    """`PIL.Image`. Raises UnreadableContentError if it is not installed."""
    try:
        from PIL import Image
    except ImportError:
        raise UnreadableContentError(
            "Pillow is not installed", hints=("`pip install 'aidb[images]'` brings it.",)
        ) from None
    return Image


@contextmanager
def _opened(content: Content) -> Iterator[Image]:
    Image = require_pillow()  # noqa: N806 - the module's own name
    with content.open() as stream, _pillow_errors(), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(stream, formats=_FORMATS) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise UnreadableContentError(f"it claims {width:,} x {height:,} pixels")
            yield image


@contextmanager
def _pillow_errors() -> Iterator[None]:
    """Pillow's decoders raise many things for bytes that are no image."""
    from PIL import Image

    try:
        yield
    except UnreadableContentError:
        raise
    except Image.DecompressionBombError:
        raise UnreadableContentError("it claims too many pixels: a decompression bomb?") from None
    except (
        OSError,
        SyntaxError,
        ValueError,
        TypeError,
        IndexError,
        KeyError,
        EOFError,
        OverflowError,
    ) as error:
        reason = str(error).partition("\n")[0].partition(" <")[0] or type(error).__name__
        raise UnreadableContentError(f"it is not a whole image: {reason}") from None


def _pixels(before: Image, after: Image) -> tuple[int, int, tuple[int, int, int, int] | None, float]:
    """How many pixels there are and differ, the box around those, and the mean absolute difference."""
    import numpy as np

    width, height = after.size
    changed, total, values = 0, 0.0, 0
    columns, rows = np.zeros(width, bool), np.zeros(height, bool)
    # In bands of rows: the differences of a whole image would take several times its size.
    step = max(1, (1 << 20) // max(1, width))
    for top in range(0, height, step):
        band = (0, top, width, min(height, top + step))
        x, y = _numbers(before, band), _numbers(after, band)
        apart = np.abs(y - x)
        differs = apart.reshape(apart.shape[0], width, -1).any(axis=2)
        changed += int(np.count_nonzero(differs))
        total += float(apart.sum())
        values += apart.size
        columns |= differs.any(axis=0)
        rows[top : top + differs.shape[0]] = differs.any(axis=1)
    if not changed:
        return width * height, 0, None, 0.0
    across, down = np.flatnonzero(columns), np.flatnonzero(rows)
    box = (int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1)
    return width * height, changed, box, total / values


def _numbers(image: Image, band: tuple[int, int, int, int]) -> Any:
    """The pixels of some rows as numbers that can be subtracted; of a palette image, their colours."""
    import numpy as np

    part = image.crop(band)
    if part.mode == "P":
        part = part.convert("RGBA")
    return np.asarray(part).astype(np.float64 if part.mode == "F" else np.int64)
